import Core
import Glibc
import Media
import Postgres
import TestDatabase
import Testing

@testable import Doctor

// What needs a real relay, mail server or name server is in Tests/Operations/test_doctor.py.

@Suite struct DoctorTests {
  func check(_ url: String, sessions: Int = 8, extensions: [String] = ["citext"]) -> [Finding] {
    DatabaseCheck(url: url, migrations: "Database/Migrations", extensions: extensions, sessions: sessions).findings()
  }

  @Test func `a migrated database is well, but that a test's would not survive a power cut`() async throws {
    try await withDatabaseAddress { address in
      let found = check(address)
      #expect(found.allSatisfy { $0.state != .broken })
      #expect(found.contains { $0.says == "Every migration is applied." })
      #expect(found.contains { $0.state == .warning && $0.says.hasPrefix("fsync is off") })
    }
  }

  @Test func `an empty database, one that is not there, and one nobody serves are each told apart`() async throws {
    try await withDatabaseAddress(.nothing) { address in
      #expect(check(address).contains { $0.state == .broken && $0.cure == "Run `tutalink migrate`." })
      #expect(check("\(address) dbname=nobody_made_this").map(\.state) == [.broken])
      #expect(check("\(address) dbname=nobody_made_this")[0].says.contains("does not exist"))
    }
    let nobody = check("host=127.0.0.1 port=1 connect_timeout=2")
    #expect(nobody.count == 1 && nobody[0].says.hasPrefix("The database does not answer"))
  }

  @Test func `too few sessions and a missing extension are broken`() async throws {
    try await withDatabaseAddress { address in
      #expect(check(address, sessions: 100_000).contains { $0.state == .broken && $0.says.contains("sessions") })
      #expect(check(address, extensions: ["no_such"]).contains { $0.state == .broken && $0.says.contains("no_such") })
    }
  }

  @Test(arguments: [
    ("turn:relay.example.org:3479?transport=tcp", "relay.example.org", 3479, true),
    ("turn:relay.example.org", "relay.example.org", 3478, false),
    ("stun:[2001:db8::1]:99", "2001:db8::1", 99, false),
    ("turns:relay.example.org?transport=tcp", "relay.example.org", 5349, true),
  ])
  func `a relay's address is read`(_ url: String, _ host: String, _ port: Int, _ isTCP: Bool) throws {
    let server = try #require(RelayCheck.Server(url))
    #expect(server.host == host && server.port == port && server.isTCP == isTCP)
  }

  @Test(arguments: ["", "turn:", "http://relay", "turn:host:0", "turn:host:99999", "turn:a:b:c"])
  func `what is no relay's address is refused`(_ url: String) {
    #expect(RelayCheck.Server(url) == nil)
    let found = RelayCheck(stun: [], turn: [url.isEmpty ? "turn:" : url], secret: "s").findings()
    #expect(found.allSatisfy { $0.state == .broken && $0.cure != nil })
  }

  @Test func `a relay without a secret, and none at all, are told`() {
    #expect(RelayCheck(stun: [], turn: ["turn:127.0.0.1:1"], secret: nil).findings().map(\.state) == [.broken])
    #expect(RelayCheck(stun: [], turn: [], secret: nil).findings().map(\.state) == [.warning])
  }

  @Test func `a folder that cannot be written is broken, one that can is well`() async throws {
    let folder = Folder().path + "/home"
    #expect(MachineCheck(home: folder).store().state == .well)
    #expect(MachineCheck(home: "/proc/nobody").store().state == .broken)
    #expect(MachineCheck(home: folder, wantedDescriptors: .max).limits().state == .broken)
    #expect(MachineCheck(home: "/nowhere").disk().state == .broken)
  }

  @Test func `the program that looks into sound and film is tried where it works, and told of when it does not`() {
    let home = Folder().path + "/home"
    #expect(MediaCheck(home: home).finding().state == .well)
    func broken(_ program: BoundedProgram, home: String = home) -> String {
      let found = MediaCheck(home: home, program: program).finding()
      #expect(found.state == .broken && found.cure != nil, "\(found.text)")
      return found.text
    }
    #expect(broken(BoundedProgram(path: "/nowhere/ffprobe")).contains("apt install ffmpeg"))
    // One that says nothing, one that fails, one that has not the room to start.
    #expect(broken(BoundedProgram(path: "/bin/true")).contains("does not read a second of silence"))
    #expect(broken(BoundedProgram(path: "/bin/false")).contains("reinstall"))
    var narrow = BoundedProgram(path: MediaProbe.place)
    narrow.memory = 1 << 20
    #expect(broken(narrow).contains("does not start"))
    #expect(broken(BoundedProgram(path: MediaProbe.place), home: "/proc/nobody").contains("doctor store"))
    // Nothing of it stays among the uploads.
    // The folder takes its own removal, so it is empty.
    #expect(rmdir(home + "/files/incoming") == 0)
  }

  @Test func `every broken thing comes with a cure`() {
    let found = check("host=127.0.0.1 port=1") + [MachineCheck(home: "/nowhere").disk()]
    #expect(found.allSatisfy { $0.cure != nil && $0.text.contains("→") })
  }
}
