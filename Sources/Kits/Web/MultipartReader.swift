import CSystem
import Core
import Crypto
import Glibc

// multipart/form-data (RFC 7578, RFC 2046 5.1), read as it comes: texts to memory, files to disk. Strict where browsers
// are: every line ends in CRLF, a boundary is followed by CRLF or `--` at once, every part is form-data with a name.

/// Reads one multipart body. Touched by one thread at a time.
struct MultipartReader: ~Copyable {
  struct Limits {
    var fields = 200
    var files = 50
    /// Bytes of one text.
    var text = 256 << 10
    /// Bytes of all texts.
    var texts = 1 << 20
    var header = 4096
  }

  private enum State {
    case start
    case header
    case content
    case afterBoundary
    case end
  }

  private let delimiter: [UInt8]
  private let limits: Limits
  private let takesFiles: Bool
  private let folder: String
  private var state = State.start
  private var pending: [UInt8] = []
  private var textBytes = 0
  private var part = Part()
  private(set) var form = Fields()
  private(set) var files: [UploadedFile] = []

  private struct Part {
    var name = ""
    var filename: String?
    var type = "text/plain"
    var text: [UInt8] = []
    var sink: FileSink?
  }

  /// `takesFiles` false refuses parts with a filename; `folder` is where files are kept meanwhile.
  init(boundary: String, takesFiles: Bool, folder: String, limits: Limits = Limits()) {
    delimiter = Array("\r\n--\(boundary)".utf8)
    self.takesFiles = takesFiles
    self.folder = folder
    self.limits = limits
  }

  mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
    pending.append(contentsOf: bytes)
    while try step() {}
  }

  /// The body is over.
  consuming func finish() throws(Problem) -> (form: Fields, files: [UploadedFile]) {
    guard case .end = state else { throw Problem(400, "The form ends in the middle.") }
    return (form, files)
  }

  /// Reads on; false when more bytes are needed.
  private mutating func step() throws(Problem) -> Bool {
    switch state {
    case .start:
      // The first boundary has no line end before it.
      let opening = delimiter.dropFirst(2)
      guard pending.count >= opening.count else { return false }
      guard pending.starts(with: opening) else { throw Problem(400, "The form does not begin with its boundary.") }
      pending.removeFirst(opening.count)
      state = .afterBoundary
      return true
    case .afterBoundary:
      guard pending.count >= 2 else { return false }
      if pending[0] == 13, pending[1] == 10 {
        state = .header
      } else if pending[0] == 45, pending[1] == 45 {
        state = .end
      } else {
        throw Problem(400, "A boundary of the form is broken.")
      }
      pending.removeFirst(2)
      return true
    case .header:
      guard let end = Self.find([13, 10, 13, 10], in: pending) else {
        guard pending.count <= limits.header else { throw Problem(400, "A part of the form has too long a head.") }
        return false
      }
      guard end <= limits.header else { throw Problem(400, "A part of the form has too long a head.") }
      try begin(Array(pending[..<end]))
      pending.removeFirst(end + 4)
      state = .content
      return true
    case .content:
      if let end = Self.find(delimiter, in: pending) {
        try take(pending[..<end])
        try complete()
        pending.removeFirst(end + delimiter.count)
        state = .afterBoundary
        return true
      }
      // What may be the beginning of a boundary stays.
      let sure = pending.count - (delimiter.count - 1)
      if sure > 0 {
        try take(pending[..<sure])
        pending.removeFirst(sure)
      }
      return false
    case .end:
      // RFC 2046 allows an epilogue; it says nothing.
      pending.removeAll()
      return false
    }
  }

  private mutating func begin(_ head: [UInt8]) throws(Problem) {
    guard let text = String(validating: head, as: UTF8.self) else { throw Problem(400, "A part's head is not UTF-8.") }
    part = Part()
    var isNamed = false
    // By scalars, as whoever stands in front of us reads it: a quote or a colon with an accent is still one.
    for line in text.split(separator: "\r\n") {
      guard let colon = line.unicodeScalars.firstIndex(of: ":") else { throw Problem(400, "A part's head is broken.") }
      let value = line[line.unicodeScalars.index(after: colon)...].trimmingSpaces()
      switch line[..<colon].lowercased() {
      case "content-disposition":
        guard let parameters = Self.parameters(value, kind: "form-data"), let name = parameters["name"] else {
          throw Problem(400, "A part of the form has no name.")
        }
        part.name = name
        part.filename = parameters["filename"]
        isNamed = true
      case "content-type": part.type = value
      case "content-transfer-encoding":
        guard ["binary", "8bit", "7bit"].contains(value.lowercased()) else {
          throw Problem(400, "A part of the form is encoded, which RFC 7578 does not allow.")
        }
      default: break
      }
    }
    guard isNamed else { throw Problem(400, "A part of the form has no name.") }
    if part.filename != nil {
      guard takesFiles || part.filename == "" else { throw Problem(415, "Files are not accepted here.") }
      guard files.count < limits.files else { throw Problem(413, "These are too many files.") }
    } else {
      guard form.pairs.count < limits.fields else { throw Problem(413, "The form has too many fields.") }
    }
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>) throws(Problem) {
    guard !bytes.isEmpty else { return }
    if let filename = part.filename {
      guard !filename.isEmpty else { throw Problem(400, "A file of the form has no name.") }
      if part.sink == nil { part.sink = try FileSink(folder: folder) }
      try part.sink!.write(bytes)
    } else {
      textBytes += bytes.count
      guard part.text.count + bytes.count <= limits.text, textBytes <= limits.texts else {
        throw Problem(413, "The text in \(part.name) is too long.")
      }
      part.text.append(contentsOf: bytes)
    }
  }

  private mutating func complete() throws(Problem) {
    if let filename = part.filename {
      // A file input left empty sends a part without a name and without bytes.
      guard !filename.isEmpty else { return }
      let sink = if let sink = part.sink { sink } else { try FileSink(folder: folder) }
      files.append(
        UploadedFile(
          field: part.name, filename: Self.lastComponent(filename), declaredType: part.type, size: sink.size,
          file: sink.finish()))
    } else {
      guard !part.text.contains(0), let text = String(validating: part.text, as: UTF8.self) else {
        throw Problem(400, "The text in \(part.name) is not UTF-8.")
      }
      form.add(part.name, text)
    }
    part = Part()
  }

  private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBytes { hay in
      needle.withUnsafeBytes { needle in
        guard let base = hay.baseAddress, let hit = memmem(base, hay.count, needle.baseAddress!, needle.count) else {
          return nil
        }
        return UnsafeRawPointer(hit) - base
      }
    }
  }

  /// `form-data; name="a"; filename="b"`. Inside quotes browsers write `%22`, `%0D`, `%0A` for what would end the text
  /// (WHATWG, multipart/form-data encoding); others write a backslash.
  static func parameters(_ value: String, kind: String) -> [String: String]? {
    var rest = Substring(value).unicodeScalars
    func text(_ scalars: Substring.UnicodeScalarView) -> String { Substring(scalars).trimmingSpaces() }
    let first = rest.prefix { $0 != ";" }
    guard text(first).lowercased() == kind else { return nil }
    rest = rest.dropFirst(first.count)
    var found: [String: String] = [:]
    while rest.first == ";" {
      rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
      if rest.isEmpty { break }
      let name = rest.prefix { $0 != "=" && $0 != ";" }
      rest = rest.dropFirst(name.count)
      guard rest.first == "=" else { return nil }
      rest = rest.dropFirst()
      var value = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        while let scalar = rest.first, scalar != "\"" {
          rest = rest.dropFirst()
          // Only these two can follow a backslash as escapes; elsewhere it is part of a Windows path.
          if scalar == "\\", let next = rest.first, next == "\"" || next == "\\" {
            value.unicodeScalars.append(next)
            rest = rest.dropFirst()
          } else {
            value.unicodeScalars.append(scalar)
          }
        }
        guard rest.first == "\"" else { return nil }
        rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
        for (escape, character) in [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] {
          value = value.split(separator: escape, omittingEmptySubsequences: false).joined(separator: character)
        }
      } else {
        let token = rest.prefix { $0 != ";" }
        value = text(token)
        rest = rest.dropFirst(token.count)
      }
      guard found.updateValue(value, forKey: text(name).lowercased()) == nil else { return nil }
    }
    return rest.isEmpty ? found : nil
  }

  /// What follows the last slash or backslash, without control characters, at most 200 characters; `file` when nothing
  /// is left.
  static func lastComponent(_ filename: String) -> String {
    let last = filename.unicodeScalars.split { $0 == "/" || $0 == "\\" }.last ?? Substring().unicodeScalars
    var clean = ""
    clean.unicodeScalars.append(contentsOf: last.filter { $0.value >= 32 && $0.value != 127 }.prefix(200))
    return clean.isEmpty || clean == "." || clean == ".." ? "file" : clean
  }
}

/// A file being received. Removed unless it is finished, and then with its last holder.
final class FileSink {
  private let descriptor: Int32
  private let file: TemporaryFile
  private(set) var size = 0

  init(folder: String) throws(Problem) {
    let path = "\(folder)/upload-\(Hex.encode(Random.bytes(12)))"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Problem(503, "Files cannot be taken right now.") }
    file = TemporaryFile(path: path)
  }

  deinit { close(descriptor) }

  func write(_ bytes: some Collection<UInt8>) throws(Problem) {
    let isWritten =
      bytes.withContiguousStorageIfAvailable { write(UnsafeRawBufferPointer($0)) }
      ?? Array(bytes).withUnsafeBytes { write($0) }
    guard isWritten else { throw Problem(503, "Files cannot be taken right now.") }
    size += bytes.count
  }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  func finish() -> TemporaryFile { file }
}
