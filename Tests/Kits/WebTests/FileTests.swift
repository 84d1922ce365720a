import Compression
import Core
import Glibc
import JSON
import Loop
import TestDatabase
import Testing

@testable import Web

@Suite(.serialized) struct FileTests {
  private func withFile(_ body: (Running, Folder) async throws -> Void) async throws {
    let folder = Folder()
    folder.write("lesson.txt", "0123456789")
    folder.write("empty.txt", "")
    folder.write("large.bin", String(repeating: "x", count: 2 << 20))
    let path = folder.path
    try await withServer(routes: { routes in
      routes.on(.get, Path("/files/:name", as: String.self), as: Guest.self) { request, _, name in
        try .file(
          path: path + "/" + name, type: "text/plain", for: request,
          download: name == "lesson.txt" ? "Lektion „1“.txt" : nil)
      }
      routes.api(.get, "/api/tagged/", as: Guest.self) { request, _ in
        Response.json { w in w.object { w in w.field("a", 1) } }.tagged(for: request)
      }
      routes.on(.get, Path("/tagged-page"), as: Guest.self) { request, _ in
        Response.bytes(Array("<!doctype html><title>x</title>".utf8), type: "text/html; charset=utf-8").with(
          rights: PageRights(framers: [])
        ).tagged(for: request)
      }
    }) { running in try await body(running, folder) }
  }

  private func get(_ wire: Wire, _ target: String, _ headers: String = "", method: String = "GET") -> Wire.Answer? {
    wire.say("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
    return wire.answer(isHead: method == "HEAD")
  }

  @Test func `a file comes whole, in part, or not again`() async throws {
    try await withFile { running, _ in
      let wire = running.wire()
      let whole = try #require(get(wire, "/files/lesson.txt"))
      #expect(whole.text == "0123456789")
      #expect(whole.header("accept-ranges") == "bytes")
      #expect(
        whole.header("content-disposition")
          == "attachment; filename=\"Lektion ___1___.txt\"; filename*=UTF-8''Lektion%20%E2%80%9E1%E2%80%9C.txt")
      let tag = try #require(whole.header("etag"))
      let date = try #require(whole.header("last-modified"))
      for (range, text, told) in [
        ("2-4", "234", "2-4"), ("7-", "789", "7-9"), ("-3", "789", "7-9"), ("0-999", "0123456789", "0-9"),
      ] {
        let part = try #require(get(wire, "/files/lesson.txt", "Range: bytes=\(range)\r\n"))
        #expect(part.status == 206)
        #expect(part.text == text)
        #expect(part.header("content-range") == "bytes \(told)/10")
      }
      let outside = try #require(get(wire, "/files/lesson.txt", "Range: bytes=10-\r\n"))
      #expect(outside.status == 416)
      #expect(outside.header("content-range") == "bytes */10")
      for odd in ["bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=-"] {
        #expect(get(wire, "/files/lesson.txt", "Range: \(odd)\r\n")?.status == 200)
      }
      #expect(get(wire, "/files/lesson.txt", "If-None-Match: \(tag)\r\n")?.status == 304)
      #expect(get(wire, "/files/lesson.txt", "If-None-Match: \"x\", W/\(tag)\r\n")?.status == 304)
      #expect(get(wire, "/files/lesson.txt", "If-None-Match: \"x\"\r\n")?.status == 200)
      #expect(get(wire, "/files/lesson.txt", "If-Modified-Since: \(date)\r\n")?.status == 304)
      #expect(get(wire, "/files/lesson.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n")?.status == 200)
      #expect(get(wire, "/files/lesson.txt", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n")?.status == 200)
      #expect(get(wire, "/files/lesson.txt", "Range: bytes=0-1\r\nIf-Range: \(tag)\r\n")?.status == 206)
      let head = try #require(get(wire, "/files/lesson.txt", method: "HEAD"))
      #expect(head.header("content-length") == "10")
      #expect(get(wire, "/files/empty.txt")?.body.isEmpty == true)
      #expect(get(wire, "/files/empty.txt", "Range: bytes=0-1\r\n")?.status == 416)
      #expect(get(wire, "/files/none.txt")?.status == 404)
      #expect(get(wire, "/files/..%2Fetc")?.status == 404)
      #expect(get(wire, "/files/large.bin")?.body.count == 2 << 20)
      #expect(get(wire, "/files/lesson.txt")?.text == "0123456789")
    }
  }

  @Test func `JSON with a tag is not sent twice`() async throws {
    try await withFile { running, _ in
      let wire = running.wire()
      let first = try #require(get(wire, "/api/tagged/"))
      #expect(first.text == "{\"a\":1}")
      let tag = try #require(first.header("etag"))
      let second = try #require(get(wire, "/api/tagged", "If-None-Match: \(tag)\r\n"))
      #expect(second.status == 304)
      #expect(second.body.isEmpty)
    }
  }

  /// A browser takes a 304's fields for those of the page it kept.
  @Test func `that a page still stands changes nothing of what it may do`() async throws {
    try await withFile { running, _ in
      let wire = running.wire()
      let first = try #require(get(wire, "/tagged-page"))
      #expect(first.header("content-security-policy")?.contains("frame-ancestors 'self'") == true)
      let second = try #require(get(wire, "/tagged-page", "If-None-Match: \(first.header("etag") ?? "")\r\n"))
      #expect(second.status == 304)
      for field in ["content-security-policy", "x-frame-options", "permissions-policy", "cross-origin-resource-policy"]
      {
        #expect([nil, first.header(field)].contains(second.header(field)), "\(field)")
      }
    }
  }

  @Test func `cells of a table cannot become formulas, and read back as they were`() {
    #expect(
      CSV.line(["plain", "a,b", "say \"x\"", "two\r\nlines", .number("-4.50")])
        == "plain,\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\",-4.50\r\n")
    for wicked in [
      "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "\u{FF1D}1", "\u{FEFF}=1", "\u{00A0}=1", "|calc", "%x",
    ] {
      let cell = CSV.line([.text(wicked)])
      #expect(cell.hasPrefix("'") || cell.hasPrefix("\"'"), "\(wicked)")
    }
    // A quote with an accent is one character to us and a quote to a spreadsheet.
    #expect(Array(CSV.line([.text("a\"\u{301},=1")]).utf8) == Array("\"a\"\"\u{301},=1\"\r\n".utf8))
    for innocent in ["", "a=b", "ada@example.org", "{\"a\": 1}", "2026-11-20T09:00:00Z"] {
      #expect(!CSV.line([.text(innocent)]).contains("'"))
    }
  }

  @Test func `dates are read and written as HTTP has them`() {
    #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.read("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    #expect(HTTPDate.read("yesterday") == nil)
    for time in [
      "9223372036854775807:00:00", "24:00:00", "00:60:00", "00:00:61", "-1:00:00", "00:00:-9223372036854775808",
    ] {
      #expect(HTTPDate.read("Sun, 06 Nov 1994 \(time) GMT") == nil)
    }
  }

  @Test func `assets are named by content, modules find one another, and browsers keep them`() async throws {
    let folder = Folder()
    folder.write(
      "css/app.css",
      "@import \"base.css\"; body { background: url('../img/dot.svg#x') } .a { background: url(data:image/png;base64,AA) }"
    )
    folder.write("css/base.css", "p { color: red }")
    folder.write("img/dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    folder.write(
      "islands/a.js",
      "// don't\nimport { b } from './b.js';\nimport \"../lib/c.js\"; const t = './b.js'; import('./b.js'); new URL(\"./b.js\", import.meta.url)"
    )
    folder.write("islands/b.js", "export { a } from \"./a.js\"; import x from 'bare'")
    folder.write("islands/a.test.js", "test")
    folder.write("lib/c.js", "export const c = 1")
    folder.write("locales/en/x.json", "{}")
    let assets = try Assets(folder: folder.path)
    #expect(assets.paths == ["css/app.css", "css/base.css", "img/dot.svg", "islands/a.js", "islands/b.js", "lib/c.js"])
    let a = assets.address("islands/a.js")
    #expect(a.hasPrefix("/assets/islands/a.") && a.hasSuffix(".js") && a != "/assets/islands/a.js")
    try await withServer(assets: assets, routes: { _ in }) { running in
      let wire = running.wire()
      let module = try #require(get(wire, a))
      let b = assets.address("islands/b.js")
      #expect(
        module.text
          == "// don't\nimport { b } from '\(b)';\nimport \"\(assets.address("lib/c.js"))\"; const t = './b.js'; import('\(b)'); new URL(\"\(b)\", import.meta.url)"
      )
      #expect(module.header("cache-control") == "public, max-age=31536000, immutable")
      #expect(module.header("content-type") == "text/javascript; charset=utf-8")
      #expect(get(wire, b)?.text == "export { a } from \"\(a)\"; import x from 'bare'")
      let style = try #require(get(wire, assets.address("css/app.css")))
      #expect(
        style.text
          == "@import \"\(assets.address("css/base.css"))\"; body { background: url('\(assets.address("img/dot.svg"))#x') } .a { background: url(data:image/png;base64,AA) }"
      )
      let tag = try #require(style.header("etag"))
      #expect(get(wire, assets.address("css/app.css"), "If-None-Match: \(tag)\r\n")?.status == 304)
      #expect(get(wire, "/assets/css/app.css")?.header("cache-control") == "public, no-cache")
      #expect(get(wire, "/assets/locales/en/x.json")?.status == 404)
      #expect(get(wire, "/assets/css/none.css")?.status == 404)
      #expect(get(wire, assets.address("css/app.css"), method: "HEAD")?.status == 200)
    }
    // A change deep down renames all that lead to it, and nothing else.
    let before = assets.paths.map { assets.address($0) }
    folder.write("lib/c.js", "export const c = 2")
    let after = try Assets(folder: folder.path)
    let changed = zip(assets.paths, zip(before, assets.paths.map { after.address($0) })).filter { $1.0 != $1.1 }.map(
      \.0)
    #expect(changed == ["islands/a.js", "islands/b.js", "lib/c.js"])
  }

  @Test func `numbered style sheets are one, joined in name order, and find their fonts`() async throws {
    let folder = Folder()
    folder.write("css/20-base.css", "p { color: red }")
    folder.write("css/00-layers.css", "@layer a, b;")
    folder.write("css/30-fonts.css", "@font-face { src: url(\"../fonts/x.woff2\") }")
    folder.write("css/print.css", "p { color: black }")
    folder.write("fonts/x.woff2", "x")
    let assets = try Assets(folder: folder.path)
    #expect(assets.paths == ["css/app.css", "css/print.css", "fonts/x.woff2"])
    try await withServer(assets: assets, routes: { _ in }) { running in
      let style = try #require(get(running.wire(), assets.address("css/app.css")))
      #expect(
        style.text
          == "@layer a,b;p{color: red}@font-face{src: url(\"\(assets.address("fonts/x.woff2"))\")}")
    }
  }

  @Test func `a style sheet is sent without what only people read, and means the same`() {
    for (written, sent) in [
      ("/* Ink. */\n.a ,\n.b > p { color : red ; }\n", ".a,.b > p{color : red;}"),
      (
        "@media (width > 4rem)  and (hover) { a { b: calc(1px + 2px) } }",
        "@media (width > 4rem) and (hover){a{b: calc(1px + 2px)}}"
      ),
      (#"p::before { content: "/* \" , */  " }"#, #"p::before{content: "/* \" , */  "}"#),
      ("a { background: url( data:x;a /*b*/ , ) }", "a{background: url( data:x;a /*b*/ , )}"),
      ("a { b: url( 'c  d' ) }", "a{b: url( 'c  d' )}"),
      ("div/**/.a{} em/* */em{} a /**/ b{} /**//***/ c{}", "div.a{}em/**/em{}a b{}c{}"),
      (#".\31 a  {} .\{b {}"#, #".\31 a{}.\{b{}"#),
      ("a { b: c } /* never ended", "a{b: c}"), ("a { b: 'never", "a{b: 'never"), ("a{b:url(never", "a{b:url(never"),
      ("", ""), ("/", "/"), ("/*", ""), ("/*/", ""), ("\\", "\\"), ("url(", "url("),
    ] {
      #expect(String(decoding: StyleSheet.tightened(Array(written.utf8)), as: UTF8.self) == sent)
      #expect(StyleSheet.tightened(Array(sent.utf8)) == Array(sent.utf8), "once is enough: \(sent)")
    }
  }

  @Test func `a text is sent small to whom reads that, and each form has a name of its own`() async throws {
    let folder = Folder()
    let text = String(repeating: ".lesson { color: red }\n", count: 200)
    folder.write("css/app.css", text)
    folder.write("tiny.txt", "x")
    folder.write("photo.png", String(repeating: "x", count: 5000))
    let assets = try Assets(folder: folder.path)
    let table = RouteTable(Routes(), settings: plainSettings(), log: .silent, assets: assets)
    func get(_ path: String, _ accepted: String?, tag: String? = nil) async -> Response {
      var headers = Headers()
      if let accepted { headers.add("accept-encoding", accepted) }
      if let tag { headers.add("if-none-match", tag) }
      return await table.answer(Request(.get, assets.address(path), headers: headers))
    }
    // Before the small forms are made the plain one goes, and says that it depends.
    let early = await get("css/app.css", "br")
    #expect(early.header("content-encoding") == nil)
    #expect(early.header("vary") == "accept-encoding")
    assets.compress()
    let plain = await get("css/app.css", nil)
    #expect(plain.text == text + "")
    #expect(plain.header("content-encoding") == nil)
    #expect(plain.header("vary") == "accept-encoding")
    var tags = Set([plain.header("etag")])
    for (accepted, coding) in [
      ("br, gzip", Compression.brotli), ("gzip, deflate, br", .brotli), ("gzip", .gzip), ("gzip;q=1, br;q=0.5", .gzip),
      ("br;q=0, *", .gzip), ("*", .brotli),
    ] {
      let small = await get("css/app.css", accepted)
      #expect(small.header("content-encoding") == coding.rawValue, "\(accepted)")
      #expect(small.header("content-type") == "text/css; charset=utf-8")
      #expect(small.length < 200)
      #expect(coding.restored(small.content, most: 1 << 20) == Array(text.utf8))
      tags.insert(small.header("etag"))
      #expect(await get("css/app.css", accepted, tag: small.header("etag")).status == 304)
    }
    #expect(tags.count == 3)
    for refused in ["", "identity", "br;q=0", "gzip;q=0, br;q=0", "gzip;q=x", "identity;q=1, gzip;q=0.5", "deflate"] {
      #expect(await get("css/app.css", refused).header("content-encoding") == nil, "\(refused)")
    }
    #expect(await get("tiny.txt", "br").header("vary") == nil)
    #expect(await get("photo.png", "br").header("content-encoding") == nil)
  }

  @Test func `ranges over the wire: one is served, several or foreign ones get the whole, none inside is refused`()
    async throws
  {
    try await withFile { running, _ in
      let wire = running.wire()
      for (range, status, text) in [
        ("bytes=0-0", 206, "0"), ("bytes=-3", 206, "789"), ("bytes=7-", 206, "789"), ("bytes=7-99", 206, "789"),
        ("bytes=0-1,4-5", 200, "0123456789"), ("lines=0-1", 200, "0123456789"), ("bytes=5-2", 200, "0123456789"),
        ("bytes=99999999999999999999-", 200, "0123456789"), ("bytes=10-", 416, ""), ("bytes=-0", 416, ""),
      ] {
        let answer = try #require(get(wire, "/files/lesson.txt", "Range: \(range)\r\n"))
        #expect(answer.status == status, "\(range)")
        if status != 416 { #expect(answer.text == text, "\(range)") }
        if status == 416 { #expect(answer.header("content-range") == "bytes */10") }
      }
      let whole = try #require(get(wire, "/files/lesson.txt"))
      let tag = try #require(whole.header("etag"))
      #expect(get(wire, "/files/lesson.txt", "Range: bytes=0-1\r\nIf-Range: \(tag)\r\n")?.status == 206)
      #expect(get(wire, "/files/lesson.txt", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n")?.status == 200)
      #expect(get(wire, "/files/lesson.txt", "Range: bytes=0-1\r\nIf-Range: W/\(tag)\r\n")?.status == 200)
      // A head says what the whole would be, whatever stretch is asked for.
      #expect(
        get(wire, "/files/large.bin", "Range: bytes=0-1\r\n", method: "HEAD")?.header("content-length")
          == String(2 << 20))
      let middle = try #require(get(wire, "/files/large.bin", "Range: bytes=1000000-1999999\r\n"))
      #expect(middle.body.count == 1_000_000)
    }
  }

  @Test func `in development a changed asset is seen at once`() throws {
    let folder = Folder()
    folder.write("app.css", "a {}")
    let assets = try Assets(folder: folder.path, live: true)
    let first = assets.address("app.css")
    folder.write("app.css", "body {}")
    let second = assets.address("app.css")
    #expect(first != second)
    #expect(assets.answer(Request(.get, second))?.text == "body {}")
    #expect(throws: Assets.Missing.self) { try Assets(folder: "/nowhere") }
  }
}
