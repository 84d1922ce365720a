import Core
import Crypto
import Glibc
import Media
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Files

/// Stands for the rooms that take uploads in.
private struct Taker: Feature {
  let database: Database
  let files: Files

  func routes(_ routes: inout Routes) {
    routes.on(.post, "/take/avatar", as: Member.self, limits: .upload(megabytes: 60)) { request, member in
      try await take(request, member, .photo) { try await files.prepare(avatar: $0) }
    }
    routes.on(.post, "/take/picture", as: Member.self, limits: .upload(megabytes: 60)) { request, member in
      try await take(request, member, .picture) { try await files.prepare(picture: $0) }
    }
    routes.on(.post, "/take/sample", as: Member.self, limits: .upload(megabytes: 60)) { request, member in
      try await take(request, member, .sample) { try await files.prepare(sample: $0) }
    }
    routes.on(.post, "/take/captions", as: Member.self, limits: .upload(megabytes: 60)) { request, member in
      try await take(request, member, .captions) { try await files.prepare(captions: $0) }
    }
    routes.on(.post, "/take/document", as: Member.self, limits: .upload(megabytes: 60)) { request, member in
      try await take(request, member, .document) { try await files.prepare(document: $0) }
    }
  }

  func take(
    _ request: Request, _ member: Member, _ purpose: FilePurpose, _ prepare: (UploadedFile) async throws -> PreparedFile
  ) async throws -> Response {
    guard let upload = request.files.first else { return .text("missing", status: 422) }
    do {
      let file = try await prepare(upload)
      let id = try await database.transaction { tx in
        try await files.keep(file, owner: member.id, purpose: purpose, in: tx)
      }
      return .text(Doors.file(id, file.filename))
    } catch let refusal as FileRefusal {
      return .text(refusal.rawValue, status: 422)
    } catch let refusal as Captions.Refusal { return .text(refusal.reason, status: 422) }
  }
}

@Suite struct FilesFeatureTests {
  private func withSite(_ body: (TestSite, Files, Database, _ folder: String) async throws -> Void) async throws {
    let folder = Folder().path
    try await withDatabase(
      .only([
        "20261120-0800-foundation.sql", "20261120-0900-jobs.sql", "20261120-0950-files.sql",
        "20261120-1000-accounts.sql", "20261123-0400-caption-files.sql",
      ])
    ) { database in
      try await database.insert()
      let house = try TestHouse(database)
      let files = try Files(folder: folder, pool: house.pool)
      let site = house.open([
        FilesFeature(database: database, files: files, clock: house.clock.clock),
        Taker(database: database, files: files),
      ])
      try await body(site, files, database, folder)
    }
  }

  private let wav = Samples.silence(seconds: 5)

  @Test func `captions go in and come out ours, as captions and nothing else`() async throws {
    try await withSite { site, _, _, _ in
      for (bytes, reason) in [
        ([], "missing"), (Array("<script>".utf8), "parted"), ([UInt8](repeating: 32, count: 600 << 10), "tooLarge"),
      ] {
        let refused = await site.upload("/take/captions", field: "captions", filename: "a.vtt", bytes, as: .ben)
        #expect(refused.status == 422 && refused.text == reason)
      }
      let taken = await site.upload(
        "/take/captions", field: "captions", filename: "x.html",
        Array("1\n00:00:01,000 --> 00:00:02,000\n<script>Hi</script>".utf8),
        as: .ben)
      let shown = await site.get(taken.text)
      #expect(shown.status == 200 && shown.header("content-type") == "text/vtt")
      #expect(shown.header("x-content-type-options") == "nosniff")
      #expect(shown.header("content-security-policy")?.contains("sandbox") == true)
      #expect(shown.header("content-disposition")?.contains("attachment") != true)
      #expect(taken.text.hasSuffix("/captions.vtt"))
    }
  }

  @Test func `a portrait goes in and comes out remade, for everybody and for ever`() async throws {
    try await withSite { site, _, database, _ in
      let taken = await site.upload("/take/avatar", field: "photo", filename: "me.png", Samples.turnedJPEG, as: .ben)
      #expect(taken.status == 200)
      let address = taken.text
      #expect(address.hasSuffix("/me.jpg"))
      let shown = await site.get(address)
      #expect(shown.status == 200)
      #expect(shown.header("content-type") == "image/jpeg")
      #expect(shown.header("x-content-type-options") == "nosniff")
      #expect(shown.header("cache-control") == "public, max-age=31536000, immutable")
      let header = PictureHeader(shown.content)
      #expect(header?.width == 32 && header?.height == 32)
      let row = try await database.one(
        Query<(Int, Int, Int, String)>("select width, height, byte_size, purpose from files"))
      #expect(row == (32, 32, shown.content.count, "photo"))
    }
  }

  @Test func `a sample is served in ranges under its own type`() async throws {
    try await withSite { site, _, _, _ in
      let address = await site.upload(
        "/take/sample", field: "sample", filename: "song.exe", type: "text/html", wav, as: .ada
      ).text
      #expect(address.hasSuffix("/song.wav"))
      var headers = Headers()
      headers.add("range", "bytes=8-15")
      let part = await site.table.answer(Request(.get, address, headers: headers))
      #expect(part.status == 206)
      #expect(part.header("content-type") == "audio/wav")
      #expect(part.header("content-range") == "bytes 8-15/\(wav.count)")
      #expect(part.text == "WAVEfmt ")
      let whole = await site.get(address)
      #expect(whole.content == wav)
    }
  }

  @Test func `a document is its owner's and the staff's, and only to be saved`() async throws {
    try await withSite { site, _, _, _ in
      let address = await site.upload(
        "/take/document", field: "proof", filename: "degree.pdf", Array("%PDF-1.7 …".utf8), as: .ada
      ).text
      let own = await site.get(address, as: .ada)
      #expect(own.status == 200)
      #expect(own.header("content-disposition")?.hasPrefix("attachment") == true)
      #expect(own.header("cache-control") == "private, no-store")
      let judged = await site.get(address, as: .root)
      #expect(judged.status == 200)
      let got1 = await site.get(address, as: .ben).status
      #expect(got1 == 404)
      let got2 = await site.get(address).status
      #expect(got2 == 404)
    }
  }

  @Test func `what is wrong is refused by name and leaves nothing`() async throws {
    try await withSite { site, _, database, _ in
      func refusal(_ path: String, _ bytes: [UInt8]?) async -> String {
        let response = await site.upload(path, field: "f", filename: "x.jpg", type: "image/jpeg", bytes, as: .ben)
        #expect(response.status == 422)
        return response.text
      }
      let got3 = await refusal("/take/avatar", nil)
      #expect(got3 == "missing")
      let got4 = await refusal("/take/avatar", [])
      #expect(got4 == "missing")
      let got5 = await refusal("/take/avatar", Array("<svg onload=alert(1)>".utf8))
      #expect(got5 == "wrongType")
      let got6 = await refusal("/take/avatar", Array("%PDF-1.7".utf8))
      #expect(got6 == "wrongType")
      let got7 = await refusal("/take/avatar", Array(Samples.redBlueJPEG.prefix(60)))
      #expect(got7 == "damaged")
      let got8 = await refusal("/take/avatar", PictureTests().png(60_000, 60_000))
      #expect(got8 == "tooManyPixels")
      let got9 = await refusal("/take/avatar", Samples.redBlueJPEG + [UInt8](repeating: 0, count: 10 << 20))
      #expect(got9 == "tooLarge")
      let got10 = await refusal("/take/sample", Samples.redBlueJPEG)
      #expect(got10 == "wrongType")
      let got11 = await refusal("/take/sample", wav + [UInt8](repeating: 0, count: 50 << 20))
      #expect(got11 == "tooLarge")
      let hostile = Array("RIFF\u{24}\u{0}\u{0}\u{0}WAVEfmt ".utf8) + [UInt8](repeating: 7, count: 5000)
      #expect(await refusal("/take/sample", hostile) == "damaged")
      #expect(await refusal("/take/sample", Samples.silence(seconds: 1801)) == "tooLong")
      let got12 = await refusal("/take/document", wav)
      #expect(got12 == "wrongType")
      let got13 = try await database.one(Query<Int>("select count(*)::int from files"))
      #expect(got13 == 0)
    }
  }

  @Test func `the same picture is kept once under two rows, and goes with the last of them`() async throws {
    try await withSite { site, files, database, _ in
      let first = await site.upload("/take/picture", field: "f", filename: "a.jpg", Samples.redBlueJPEG, as: .ada).text
      let second = await site.upload("/take/picture", field: "f", filename: "b.jpg", Samples.redBlueJPEG, as: .ben).text
      let hashes = try await database.all(Query<String>("select distinct sha256 from files"))
      #expect(hashes.count == 1)
      let later = Instant.now + .hours(1)
      let got14 = try await files.sweep(database: database, before: later)
      #expect(got14 == 0)
      let ids = try await database.all(Query<ID<StoredFile>>("select id from files order by created_at"))
      try await database.transaction { tx in try await files.forget(ids[0], in: tx) }
      let got15 = try await files.sweep(database: database, before: later)
      #expect(got15 == 0)
      let got16 = await site.get(first).status
      #expect(got16 == 404)
      let got17 = await site.get(second).status
      #expect(got17 == 200)
      try await database.transaction { tx in try await files.forget(ids[1], in: tx) }
      let got18 = try await files.sweep(database: database, before: Instant.now - .hours(1))
      #expect(got18 == 0)
      let got19 = try await files.sweep(database: database, before: later)
      #expect(got19 == 1)
    }
  }

  @Test func `a row rolled back leaves content only until the sweep`() async throws {
    struct Interrupted: Error {}
    try await withSite { site, files, database, _ in
      _ = await site.upload("/take/picture", field: "f", filename: "a.jpg", Samples.redBlueJPEG, as: .ada)
      let card = PreparedFile(
        sha256: try await database.one(Query<String>("select sha256 from files")), byteSize: 1, mediaType: "image/jpeg",
        filename: "a.jpg",
        width: 1, height: 1)
      await #expect(throws: Interrupted.self) {
        try await database.transaction { tx in
          _ = try await files.keep(card, owner: Person.ada.id, purpose: .picture, in: tx)
          throw Interrupted()
        }
      }
      let got20 = try await database.one(Query<Int>("select count(*)::int from files"))
      #expect(got20 == 1)
    }
  }

  @Test(arguments: [
    "/files/not-an-id/x.jpg", "/files/01990000-0000-7000-8000-000000000001/x.jpg", "/files/../../etc/passwd",
  ])
  func `what is not there is not found`(_ address: String) async throws {
    try await withSite { site, _, _, _ in
      let status = await site.get(address).status
      #expect(status == 404 || status == 400)
    }
  }
}
