import Core
import Glibc
import Loop
import Testing

@testable import Towns

@Suite struct TownsTests {
  private static let list = """
    1\tHyderābād\tHyderabad\tHaidarabad,Hyderabad,حیدرآباد\t17.38405\t78.45636\tP\tPPLA\tIN\t\t40\t\t\t\t3597816\t\t554\tAsia/Kolkata\t2014-01-01
    2\tHyderābād\tHyderabad\tHyderabad Sindh,حیدرآباد\t25.39242\t68.37366\tP\tPPL\tPK\t\t05\t\t\t\t1386330\t\t21\tAsia/Karachi\t2014-01-01
    3\tLahore\tLahore\tLahor,لاہور,لاهور\t31.54972\t74.34361\tP\tPPLA\tPK\t\t04\t\t\t\t6310888\t\t217\tAsia/Karachi\t2014-01-01
    short\tline
    4\tNowhere\tNowhere\t\tnorth\t74\tP\tPPL\tXX\t\t\t\t\t\t20000\t\t0\tUTC\t2014-01-01
    5\tPole\tPole\t\t91\t0\tP\tPPL\tXX\t\t\t\t\t\t20000\t\t0\tUTC\t2014-01-01

    """

  private func find(_ words: String) -> Town? {
    guard let question = Towns.Question(words) else { return nil }
    return Array(Self.list.utf8).withUnsafeBytes { Towns.look(for: question, among: $0) }
  }

  @Test func `a town is found by any of its names, the largest of that name first`() {
    for words in ["Lahore", "lahore", "LAHOR", "لاہور", " لاهور "] {
      #expect(find(words)?.name == "Lahore", "\(words)")
    }
    #expect(find("hyderabad")?.country == "IN")
    #expect(find("Hyderabad, pk")?.country == "PK")
    #expect(find("Hyderābād")?.people == 3_597_816)
    #expect(find("حیدرآباد, PK")?.latitude == 25.39242)
  }

  @Test func `what is no name, and what is no line, finds nothing`() {
    for words in ["", "L", "Lah", "Lahore,", "Lahor\te", "Nowhere", "Pole", "short", String(repeating: "x", count: 81)]
    {
      #expect(find(words) == nil || words == "Lahore,", "\(words)")
    }
  }

  @Test func `a machine without the list has no towns, and one that loses it finds none`() async throws {
    let pool = BlockingPool(threads: 1)
    #expect(Towns(path: "/nowhere/towns.txt", pool: pool) == nil)
    let path = "/tmp/towns-\(getpid()).txt"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let bytes = Array(Self.list.utf8)
    #expect(write(file, bytes, bytes.count) == bytes.count)
    close(file)
    let towns = try #require(Towns(path: path, pool: pool))
    #expect(try await towns.find("Lahore")?.latitude == 31.54972)
    unlink(path)
    #expect(try await towns.find("Lahore")?.country == "PK", "what was asked before is remembered")
    #expect(try await towns.find("Hyderabad") == nil)
  }
}
