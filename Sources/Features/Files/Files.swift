package import Core
import Glibc
package import Loop
package import Media
package import Postgres
package import Web

/// What a file is for; decides who may see it.
package enum FilePurpose: String, Sendable, Codable, CaseIterable {
  /// A person's portrait.
  case photo
  /// A picture in something published.
  case picture
  /// Sound or film by which a tutor is judged.
  case sample
  /// What is said in a sample of film.
  case captions
  /// Proof of something, for its owner and for the staff who judge it.
  case document

  /// Whether its bytes are ours: read, and written anew.
  var isRemade: Bool { self == .photo || self == .picture || self == .captions }

  /// Whether anybody may see it who knows its address.
  package var isPublic: Bool { self != .document }
}

/// An upload that has been judged, made safe and laid into the store; a row is all it lacks. Without one it is swept
/// away a day later.
package struct PreparedFile: Sendable, Equatable {
  package let sha256: String
  package let byteSize: Int
  package let mediaType: String
  package let filename: String
  package let width: Int?
  package let height: Int?
}

/// What other rooms call to take in what people upload.
///
/// First ``prepare(avatar:)`` or one of its sisters, outside any transaction, then ``keep(_:owner:purpose:in:)`` in the
/// transaction that needs the file. Looking into files, decoding and writing never happens on a loop.
package struct Files: Sendable {
  let store: FileStore
  private let pool: BlockingPool
  /// One picture at a time: the largest allowed takes 130 MB while it is decoded.
  private let darkroom: BlockingPool
  /// Two at a time look into sound and film.
  private let screening: BlockingPool
  private let probe: MediaProbe

  /// `folder` is made if it is missing. Throws when it cannot be written.
  package init(folder: String, pool: BlockingPool, probe: MediaProbe = MediaProbe()) throws {
    store = try FileStore(folder: folder)
    self.pool = pool
    darkroom = BlockingPool(threads: 1, waiting: 50)
    screening = BlockingPool(threads: 2, waiting: 20)
    self.probe = probe
  }

  /// A portrait: cut to a square from the middle, 192 pixels wide at most, which is enough for the largest
  /// place for one (120) and little for a list of many on a slow line; a JPEG without metadata. Up to 10 MB.
  package func prepare(avatar upload: UploadedFile) async throws -> PreparedFile {
    try await picture(upload, .square(192))
  }

  /// A picture: 2048 pixels on its longer side at most, a JPEG without metadata, transparency on white. Up to 10 MB.
  package func prepare(picture upload: UploadedFile) async throws -> PreparedFile {
    try await picture(upload, .within(2048))
  }

  /// Sound or film as it is: MP3, MP4 or M4A, WebM, Ogg, WAV, told by their first bytes and then looked into (see
  /// ``Sample``). Up to 50 MB.
  package func prepare(sample upload: UploadedFile) async throws -> PreparedFile {
    let probe = probe
    return try await asItIs(upload, largest: 50 << 20, on: screening) { kind in
      guard let container = kind.container else { throw FileRefusal.wrongType }
      let facts: MediaFacts
      do throws(MediaProbe.Failure) { facts = try probe.look(at: upload.path, as: container) } catch {
        if error == .missing { throw FileStore.Unwritable(path: MediaProbe.place, code: ENOENT) }
        throw FileRefusal.damaged
      }
      try Sample.judge(facts, as: kind)
    }
  }

  /// Captions of a sample of film, WebVTT or SubRip: read strictly and written anew as WebVTT. Throws
  /// ``Captions/Refusal`` for what is in the file.
  package func prepare(captions upload: UploadedFile) async throws -> PreparedFile {
    guard upload.size > 0 else { throw FileRefusal.missing }
    guard upload.size <= Captions.largest else { throw Captions.Refusal.tooLarge }
    let store = store
    return try await pool.run {
      let captions = try Captions(
        reading: FileStore.read(upload.path, limit: Captions.largest), longest: Sample.longest)
      let text = Array(captions.text.utf8)
      return PreparedFile(
        sha256: try store.put(text), byteSize: text.count, mediaType: "text/vtt", filename: "captions.vtt", width: nil,
        height: nil)
    }
  }

  /// A document as it is: a PDF, or a picture. Up to 10 MB. It is never shown within a page.
  package func prepare(document upload: UploadedFile) async throws -> PreparedFile {
    try await asItIs(upload, largest: 10 << 20, on: pool) {
      guard $0 == .pdf || $0.isPicture else { throw FileRefusal.wrongType }
    }
  }

  /// The file's row; `owner` is nobody for what belongs to the house.
  package func keep(_ file: PreparedFile, owner: ID<User>?, purpose: FilePurpose, in tx: Transaction) async throws
    -> ID<StoredFile>
  {
    let id = ID<StoredFile>.new()
    try await tx.run(.insert(id, file, owner: owner, purpose: purpose))
    return id
  }

  /// Takes the row away; the bytes go when nobody's row names them any more.
  package func forget(_ file: ID<StoredFile>, in tx: Transaction) async throws { try await tx.run(.delete(file)) }

  // MARK: Inside

  private func picture(_ upload: UploadedFile, _ size: Picture.Size) async throws -> PreparedFile {
    guard upload.size > 0 else { throw FileRefusal.missing }
    guard upload.size <= 10 << 20 else { throw FileRefusal.tooLarge }
    let store = store
    return try await darkroom.run {
      let bytes = try FileStore.read(upload.path, limit: 10 << 20)
      guard FileKind(beginning: bytes, declared: upload.declaredType)?.isPicture == true else {
        throw FileRefusal.wrongType
      }
      let picture = try Picture.remade(bytes, to: size)
      let sha256 = try store.put(picture.bytes)
      return PreparedFile(
        sha256: sha256, byteSize: picture.bytes.count, mediaType: FileKind.jpeg.mediaType,
        filename: FileKind.jpeg.filename(from: upload.filename), width: picture.width, height: picture.height)
    }
  }

  private func asItIs(
    _ upload: UploadedFile, largest: Int, on pool: BlockingPool, judge: @escaping @Sendable (FileKind) throws -> Void
  ) async throws -> PreparedFile {
    guard upload.size > 0 else { throw FileRefusal.missing }
    guard upload.size <= largest else { throw FileRefusal.tooLarge }
    let store = store
    return try await pool.run {
      let beginning = try FileStore.beginning(of: upload.path, count: 4096)
      guard let kind = FileKind(beginning: beginning, declared: upload.declaredType) else {
        throw FileRefusal.wrongType
      }
      try judge(kind)
      let sha256 = try store.put(copyOf: upload.path)
      return PreparedFile(
        sha256: sha256, byteSize: upload.size, mediaType: kind.mediaType,
        filename: kind.filename(from: upload.filename), width: nil,
        height: nil)
    }
  }

  func open(_ sha256: String) async throws -> OpenFile? {
    let path = store.path(of: sha256)
    return try await pool.run { OpenFile(path: path) }
  }

  /// Removes content that no row names and that nobody has put for a day.
  func sweep(database: Database, before limit: Instant) async throws -> Int {
    let store = store
    var removed = 0
    for folder in 0..<256 {
      let old = try await pool.run { store.hashes(in: folder, untouchedSince: limit) }
      guard !old.isEmpty else { continue }
      let named = Set(try await database.all(.named(among: old)))
      let lost = old.filter { !named.contains($0) }
      removed += try await pool.run { lost.count { store.remove($0, untouchedSince: limit) } }
    }
    return removed
  }
}
