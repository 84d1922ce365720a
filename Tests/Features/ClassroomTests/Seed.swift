import Glibc

func environmentSeed() -> UInt64? {
  getenv("TEST_SEED").flatMap { UInt64(String(cString: $0)) }
}
