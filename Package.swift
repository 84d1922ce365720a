// swift-tools-version: 6.2
//
// The law of the house: which targets there are, and who may import whom.
// C libraries ← Kits ← Features (ground ← market ← roof) ← Server.
import PackageDescription

let house: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // fd_set and friends differ between C modules unless every importer agrees.
  .unsafeFlags(["-Xcc", "-D_GNU_SOURCE"]),
]

/// Kits are optimised in debug builds too: `bin/run` then needs no release build to be quick.
let settled: [SwiftSetting] = house + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A C library of the system: a module map and a `shim.h`, nothing else.
func library(_ name: String, package: String? = nil) -> Target {
  .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: package)
}

/// A C++ library of the system, with the few lines that say it in C.
func translation(_ name: String, of library: String) -> Target {
  .target(
    name: name, path: "Sources/C/\(name)", cxxSettings: [.unsafeFlags(["-O2"])],
    linkerSettings: [.linkedLibrary(library)])
}

func kit(_ name: String, uses: [String] = []) -> Target {
  .target(
    name: name, dependencies: uses.map { .byName(name: $0) }, path: "Sources/Kits/\(name)", swiftSettings: settled)
}

/// A feature sees the kits every feature needs, plus what it names.
func feature(_ name: String, uses: [String] = []) -> Target {
  .target(
    name: name, dependencies: (offering + uses).map { .byName(name: $0) }, path: "Sources/Features/\(name)",
    swiftSettings: house)
}

func tests(_ name: String, in floor: String, uses: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: ([name] + uses).map { .byName(name: $0) },
    path: "Tests/\(floor)/\(name)Tests", swiftSettings: house)
}

let offering = ["Core", "HTML", "JSON", "Web", "Postgres", "Jobs", "Bus", "Time", "Platform", "Site"]
let proving = offering + ["TestKit", "TestDatabase"]

let targets: [Target] = [
  library("CSystem"),
  library("CEvent", package: "libevent_core"),
  library("CMicrohttpd", package: "libmicrohttpd"),
  library("CWslay"),
  library("CPostgres", package: "libpq"),
  library("CCurl", package: "libcurl"),
  library("COpenSSL", package: "libcrypto"),
  library("CArgon2", package: "libargon2"),
  library("CJansson", package: "jansson"),
  library("CCmark", package: "libcmark-gfm"),
  library("CICal", package: "libical"),
  library("CGLib", package: "glib-2.0"),
  library("CICU", package: "icu-i18n"),
  library("CGD"),
  library("CBrotli"),
  library("CZlib"),
  library("CQREncode"),
  library("CResolv"),
  library("CHiredis"),
  library("CSandbox"),
  translation("CSimdjson", of: "simdjson"),

  // Kits: few, small, boring; they know nothing of tutoring.
  kit("Core", uses: ["CSystem"]),
  kit("HTML", uses: ["Core"]),
  kit("Compression", uses: ["CBrotli", "CZlib"]),
  kit("JSON", uses: ["Core", "CJansson", "CSimdjson"]),
  kit("Crypto", uses: ["Core", "JSON", "COpenSSL", "CArgon2"]),
  kit("Time", uses: ["Core", "CICal"]),
  kit("Loop", uses: ["Core", "CSystem", "CEvent"]),
  kit("Postgres", uses: ["Core", "Loop", "CPostgres"]),
  kit("Outbound", uses: ["Core", "Crypto", "Loop", "CCurl"]),
  kit("Push", uses: ["Core", "Crypto", "JSON", "Outbound"]),
  kit("Web", uses: ["Core", "Compression", "Crypto", "HTML", "JSON", "Loop", "CMicrohttpd", "CWslay", "CSystem"]),
  kit("Jobs", uses: ["Core", "Loop", "Postgres", "JSON"]),
  kit("Bus", uses: ["Core", "Loop", "Web"]),
  kit("Doctor", uses: ["Core", "Crypto", "Loop", "Media", "Postgres", "Outbound", "CResolv", "CSystem"]),
  kit("Redis", uses: ["Core", "Loop", "CHiredis"]),
  kit("Platform", uses: ["Core", "Loop", "Web", "Postgres", "Jobs", "Bus", "HTML", "JSON"]),
  kit("Site", uses: ["Core", "Crypto", "HTML", "Web", "Time", "JSON", "CICU", "CCmark"]),
  kit("Vault", uses: ["Core", "Crypto", "Postgres"]),
  kit("Media", uses: ["Core", "CSandbox"]),
  kit("Towns", uses: ["Core", "Loop"]),
  kit("QR", uses: ["HTML", "CQREncode"]),
  kit("Captcha", uses: ["Core", "Crypto", "HTML", "JSON", "Outbound", "Site", "Web"]),
  kit("TestDatabase", uses: ["Core", "CSystem", "JSON", "Loop", "Postgres"]),
  kit(
    "TestKit",
    uses: [
      "TestDatabase", "Core", "Loop", "Postgres", "Web", "Platform", "Site", "Jobs", "Bus", "HTML", "JSON", "Time",
    ]),

  // Ground: what every market stands on.
  feature("Audit", uses: ["Crypto"]),
  feature("Legal", uses: ["Audit"]),
  feature("Accounts", uses: ["Audit", "Captcha", "Crypto", "Files", "Legal", "Notices", "QR", "Vault"]),
  feature("Files", uses: ["Crypto", "Loop", "Media", "CSystem", "CGD"]),
  feature("Notices", uses: ["Crypto", "Outbound", "Push", "Vault"]),
  feature("Ledger", uses: ["Crypto"]),

  // Market.
  feature("Tutors", uses: ["Accounts", "Audit", "Files", "Media", "Notices", "Towns"]),
  feature("Scheduling", uses: ["Tutors"]),
  feature("Bookings", uses: ["Scheduling", "Ledger", "Notices"]),
  feature("Checkout", uses: ["Accounts", "Audit", "Bookings", "Ledger", "Notices", "Outbound", "Crypto"]),
  feature("Classroom", uses: ["Crypto", "Loop"]),
  feature("Reviews", uses: ["Accounts", "Tutors", "Bookings", "Notices"]),

  // Roof: what looks over the whole house.
  feature("Home", uses: ["Accounts", "Tutors", "Scheduling", "Bookings", "Ledger", "Checkout", "Notices", "Reviews"]),
  feature("Admin", uses: ["Accounts", "Audit", "Legal", "Tutors", "Bookings", "Ledger", "Notices"]),
  feature("OpenAPI"),
  feature("Status"),
  feature("WebApp", uses: ["Crypto"]),
  feature("Embedding", uses: ["Admin", "Audit", "Tutors"]),
  feature("Gallery", uses: ["Loop", "QR"]),

  .executableTarget(
    name: "tutalink",
    dependencies: (offering + [
      "Loop", "Captcha", "Crypto", "Outbound", "Push", "Redis", "Doctor", "Vault", "Audit", "Legal", "Accounts",
      "Files",
      "Notices",
      "Ledger", "Tutors", "Scheduling", "Bookings", "Checkout", "Classroom", "Reviews", "Home", "Admin", "Status",
      "WebApp", "Embedding", "Gallery", "OpenAPI", "Towns",
    ]).map { .byName(name: $0) },
    path: "Sources/Server", swiftSettings: house),

  // The crowd of `bin/test load`.
  .executableTarget(
    name: "load", dependencies: ["Core", "Loop", "CSystem"].map { .byName(name: $0) }, path: "Tests/Load",
    exclude: ["lessons.sql"], swiftSettings: settled),

  tests("Core", in: "Kits"),
  tests("HTML", in: "Kits", uses: ["Core"]),
  tests("JSON", in: "Kits", uses: ["CJansson", "Core", "TestDatabase"]),
  tests("Crypto", in: "Kits", uses: ["Core", "JSON", "TestDatabase"]),
  tests("Time", in: "Kits", uses: ["Core", "CGLib", "TestDatabase"]),
  tests("Loop", in: "Kits", uses: ["Core"]),
  tests("Postgres", in: "Kits", uses: ["Core", "Loop", "TestDatabase"]),
  tests("Outbound", in: "Kits", uses: ["Core", "JSON", "Loop", "TestDatabase"]),
  tests("Push", in: "Kits", uses: ["Core", "Crypto", "JSON", "Loop", "Outbound", "TestDatabase"]),
  tests("Compression", in: "Kits"),
  tests("Web", in: "Kits", uses: ["Core", "Compression", "Crypto", "CSystem", "HTML", "JSON", "Loop", "TestDatabase"]),
  tests("Jobs", in: "Kits", uses: ["Core", "JSON", "JobsWorker", "Loop", "Postgres", "TestDatabase"]),
  // The process that those tests kill.
  .executableTarget(
    name: "JobsWorker", dependencies: ["Core", "Jobs", "Loop", "Postgres"], path: "Tests/Kits/JobsWorker",
    swiftSettings: house),
  tests("Bus", in: "Kits", uses: ["Core", "Loop", "Web"]),
  tests(
    "Captcha", in: "Kits",
    uses: ["Core", "Crypto", "HTML", "JSON", "Loop", "Outbound", "Site", "Web", "TestDatabase", "TestKit"]),
  tests("Vault", in: "Kits", uses: ["Core", "Crypto", "Postgres", "TestDatabase"]),
  tests("Towns", in: "Kits", uses: ["Core", "Loop"]),
  tests("QR", in: "Kits", uses: ["HTML"]),
  tests("Media", in: "Kits", uses: ["Core", "Crypto"]),
  tests("Doctor", in: "Kits", uses: ["Core", "Loop", "Media", "Outbound", "Postgres", "TestDatabase"]),
  tests("Redis", in: "Kits", uses: ["Core", "Loop", "TestDatabase"]),
  tests("Site", in: "Kits", uses: proving.filter { $0 != "Site" } + ["Crypto"]),

  tests("Audit", in: "Features", uses: proving),
  tests("Legal", in: "Features", uses: proving + ["Audit"]),
  tests(
    "Accounts", in: "Features", uses: proving + ["Audit", "Captcha", "Crypto", "Files", "Legal", "Notices", "Vault"]),
  tests("Files", in: "Features", uses: proving + ["Crypto", "Loop", "Media", "CGD"]),
  tests("Notices", in: "Features", uses: proving + ["Crypto", "Loop", "Outbound", "Push", "Vault"]),
  tests("Ledger", in: "Features", uses: proving),
  tests("Tutors", in: "Features", uses: proving + ["Accounts", "Audit", "Files", "Notices"]),
  tests("Scheduling", in: "Features", uses: proving + ["Tutors"]),
  tests("Bookings", in: "Features", uses: proving + ["Scheduling", "Ledger", "Notices"]),
  tests(
    "Checkout", in: "Features",
    uses: proving + ["Accounts", "Tutors", "Scheduling", "Bookings", "Ledger", "Notices", "Crypto", "Outbound", "Loop"]),
  tests("Classroom", in: "Features", uses: proving + ["Crypto", "CSystem", "Loop"]),
  tests("Reviews", in: "Features", uses: proving + ["Accounts", "Tutors", "Bookings", "Notices"]),
  tests("Home", in: "Features", uses: proving + ["Accounts", "Tutors", "Bookings", "Ledger", "Notices"]),
  tests("Status", in: "Features", uses: proving),
  tests("WebApp", in: "Features", uses: proving),
  tests(
    "Embedding", in: "Features",
    uses: proving + ["Accounts", "Admin", "Audit", "Files", "Ledger", "Loop", "Notices", "Tutors"]),
  tests("Gallery", in: "Features", uses: proving + ["Loop"]),
  tests(
    "Admin", in: "Features", uses: proving + ["Accounts", "Audit", "Legal", "Tutors", "Bookings", "Ledger", "Notices"]),

  // The whole house, wired as it is served.
  .testTarget(
    name: "ServerTests",
    dependencies: (proving + [
      "tutalink", "Accounts", "Captcha", "CSystem", "Crypto", "Loop", "Outbound", "Redis",
    ]).map {
      .byName(name: $0)
    },
    path: "Tests/Server/ServerTests", swiftSettings: house),
]

/// What reads bytes of strangers, for fuzzers; the ordinary tests replay the corpora.
let fuzzed: [Target] = [
  .target(
    name: "FuzzTargets",
    dependencies: [
      "CSystem", "Core", "Crypto", "HTML", "JSON", "Loop", "Media", "Outbound", "Push", "Site", "Time", "Web",
      "Checkout",
      "Files",
      "Tutors",
    ], path: "Tests/Fuzz/Targets", swiftSettings: house),
  .testTarget(
    name: "FuzzTests", dependencies: ["FuzzTargets", "Core"], path: "Tests/Fuzz/FuzzTests", swiftSettings: house),
]

/// With TUTALINK_FUZZ=1 the program that libFuzzer drives; see bin/lib/fuzz.sh.
let driver: [Target] =
  Context.environment["TUTALINK_FUZZ"] == "1"
  ? [.executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver", swiftSettings: house)]
  : []

/// `TUTALINK_ONLY=BookingsTests swift build --build-tests` lays out that target and what it stands on,
/// so that work on one room does not wait for the others. Give such builds their own `--scratch-path`.
func closure(of names: [String], in targets: [Target]) -> [Target] {
  var wanted = Set<String>()
  var open = names
  while let name = open.popLast() {
    guard wanted.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { continue }
    for dependency in target.dependencies {
      if case .byNameItem(let name, _) = dependency { open.append(name) }
    }
  }
  return targets.filter { wanted.contains($0.name) }
}

let all = targets + fuzzed + driver
let only = Context.environment["TUTALINK_ONLY"].map { $0.split(separator: ",").map(String.init) }

let package = Package(
  name: "TutaLink", targets: only.map { closure(of: $0, in: all) } ?? all, cxxLanguageStandard: .cxx17)
