import Core
import JSON

@testable import Web

extension FuzzTarget {
  static let path = FuzzTarget("path") { bytes in
    let request = Request(.get, text(bytes))
    hold(request.segments.allSatisfy { $0 != ".." && $0 != "." && !$0.isEmpty }, "no segment leads upwards")
    for segment in request.segments {
      hold(PercentEncoding.decode(PercentEncoding.encode(segment).utf8) == segment, "what is encoded is decoded")
    }
    if let local = LocalAddress.read(text(bytes)) {
      // As a browser reads it, byte by byte: a slash with an accent is one character, and still a slash.
      let bytes = Array(local.utf8), slash = UInt8(ascii: "/"), backslash = UInt8(ascii: "\\")
      hold(
        bytes.first == slash && bytes.dropFirst().first != slash && !bytes.contains(backslash),
        "a local address stays here")
    }
    _ = Path("/files/:file/:name", as: ID<User>.self, String.self).match(request.segments)
  }

  static let query = FuzzTarget("query") { bytes in
    guard let fields = Fields(urlencoded: bytes) else { return }
    let again = Fields(urlencoded: fields.encoded.utf8)
    hold(again.map { $0.pairs.elementsEqual(fields.pairs, by: ==) } == true, "fields are written as they are read")
    for name in fields.names {
      _ = fields.int(name)
      _ = fields.isOn(name)
    }
  }

  private static let page = Route(
    method: .post, template: "/x", kind: .page, viewer: "Guest", feature: "", limits: .upload(megabytes: 1)
  ) { _ in nil }

  static let form = FuzzTarget("form") { bytes in
    let type = "application/x-www-form-urlencoded; charset=utf-8"
    guard let reader = try? BodyReader(route: page, contentType: type, length: nil, folder: "/tmp") else { return }
    bytes.withUnsafeBytes { reader.feed($0) }
    _ = try? reader.finish()
  }

  /// The first byte says where the body is cut in two.
  static let multipart = FuzzTarget("multipart") { bytes in
    guard let first = bytes.first else { return }
    let body = Array(bytes.dropFirst())
    func read(cutAt cut: Int) -> (form: [(name: String, value: String)], files: [(String, Int)])? {
      let type = "multipart/form-data; boundary=x"
      guard let reader = try? BodyReader(route: page, contentType: type, length: nil, folder: "/tmp") else {
        return nil
      }
      for part in [body.prefix(cut), body.dropFirst(cut)] { Array(part).withUnsafeBytes { reader.feed($0) } }
      guard let read = try? reader.finish() else { return nil }
      return (read.form.pairs, read.files.map { ($0.filename, $0.size) })
    }
    let whole = read(cutAt: body.count)
    let cut = read(cutAt: body.isEmpty ? 0 : Int(first) % body.count)
    hold((whole == nil) == (cut == nil), "a cut body is refused as a whole one is")
    if let whole, let cut {
      hold(whole.form.elementsEqual(cut.form, by: ==), "a cut form has the same fields")
      hold(whole.files.elementsEqual(cut.files, by: ==), "a cut form has the same files")
      hold(whole.files.allSatisfy { !$0.0.contains("/") && !$0.0.contains("\0") }, "a filename is no path")
    }
  }

  static let contract = FuzzTarget("contract") { bytes in
    let parts = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
    let schema: Schema = [
      "rating": .integer(1...5), "comment": .text(0...5).optional, "aspects": Schema.map(.integer(1...5)).optional,
      "tutor": Schema.id.orNull.optional, "tags": Schema.list(.choice("kind", "exact"), atMost: 2).optional,
      "gpa": Schema.either(.text, .number).optional, "price": Schema.money.optional,
    ]
    if let value = try? JSON.read(Array(parts[0])) { _ = schema.faults(of: value) }
    let word = parts.count > 1 ? text(Array(parts[1])) : ""
    for schema in [Schema.integer(1...9), .number(0...5), .id, .flag, .text(1...3), .boolean] {
      _ = schema.fault(ofText: word)
    }
  }

  static let cookies = FuzzTarget("cookies") { bytes in
    let headers = lines(bytes, 3)
    for isSecure in [true, false] {
      let cookies = Cookies(headers: headers, secure: isSecure)
      for name in ["session", "guest", "language", "zone", "theme", ""] {
        guard let value = cookies[name] else { continue }
        let pair = Array(((isSecure ? "__Host-" : "") + name + "=" + value).utf8)
        let sent = headers.contains { header in
          header.utf8.split(separator: UInt8(ascii: ";")).contains { $0.drop { $0 == 32 }.elementsEqual(pair) }
        }
        hold(sent, "a cookie is one that a browser keeps by that name")
      }
    }
    let written = Cookie("session", headers[0]).text(secure: true)
    hold(!written.contains("\r") && !written.contains("\n"), "a cookie is one line")
  }

  /// Name, newline, value, newline, name …
  static let head = FuzzTarget("head") { bytes in
    var check = HeadCheck()
    var headers = Headers()
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
    for index in stride(from: 0, to: lines.count - 1, by: 2) {
      lines[index].withUnsafeBytes { name in
        lines[index + 1].withUnsafeBytes { value in
          check.add(name, value)
          headers.add(name, value)
        }
      }
    }
    for isVersion11 in [true, false] { _ = check.isSound(isVersion11: isVersion11) }
    hold(check.length >= 0, "a length is no debt")
    for pair in headers.pairs { _ = headers[pair.name] }
  }

  static let headerValues = FuzzTarget("header-values", longest: 512) { bytes in
    let value = text(bytes)
    for size in [0, 1, 1000, Int.max] {
      if case .part(let offset, let length) = ByteRange.read(value, size: size) {
        hold(offset >= 0 && length > 0 && offset <= size - length, "a range lies in its file")
      }
    }
    _ = Validator.matches(value, "\"abc\"")
    _ = Language.preferred(acceptLanguage: value)
    _ = MediaType(value)
    _ = HTTPDate.read(value)
    _ = Address.isValid(value)
    _ = Address.isLoopback(value)
    _ = Address.rateKey(value)
    let shown = Response.disposition(value)
    hold(!shown.contains("\r") && !shown.contains("\n"), "a disposition is one line")
  }
}
