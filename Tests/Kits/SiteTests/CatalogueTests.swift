import Core
import Glibc
import HTML
import JSON
import TestKit
import Testing

@testable import Site

@Suite struct CatalogueTests {
  private let catalogue = try! Catalogue(folder: TestHouse.root + "/Assets/locales")

  /// Swift files below a folder of the house.
  private func sources(_ folder: String) -> [(path: String, text: String)] {
    var found: [(String, String)] = []
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix(".") { continue }
      let path = folder + "/" + name
      if name.hasSuffix(".swift") {
        found.append((path, contents(path)))
      } else if !name.contains(".") {
        found += sources(path)
      }
    }
    return found
  }

  private func contents(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `every sentence a view asks for by a plain key is there`() {
    let files = sources(TestHouse.root + "/Sources")
    #expect(files.count > 100)
    var asked = 0
    for file in files {
      // What a comment gives as an example is no question.
      let code = file.text.split(separator: "\n").filter { !$0.contains("///") }.joined(separator: "\n")
      for match in code.matches(of: #/\bt\("([a-z]+\.[A-Za-z0-9.\-]+)"[,)]/#) {
        asked += 1
        #expect(catalogue.has(String(match.1)), "\(match.1) in \(file.path)")
      }
    }
    #expect(asked > 300)
  }

  @Test func `a piece of a page stands in its place of a sentence, and the words round it are escaped`() {
    let typed = "<b> & "
    for language in Language.allCases {
      let out = catalogue.words(in: language).markup(
        "accounts.acceptTerms", ["privacy": "<a href=\"/privacy\">p</a>", "terms": HTML(typed)]
      ).text
      #expect(out.contains("<a href=\"/privacy\">p</a>") && out.contains("&lt;b&gt; &amp; "), "\(out)")
      #expect(!out.unicodeScalars.contains { (0xE000...0xF8FF).contains($0.value) } && !out.contains("{"))
    }
    #expect(catalogue.words(in: .english).markup("no.such.key", [:]).text == "⟦no.such.key⟧")
  }

  @Test(arguments: Language.allCases.filter { $0 != .english })
  func `every language says all that English says, in its own letters, and keeps the values`(_ language: Language)
    throws
  {
    func members(_ language: Language, _ feature: String) throws -> [String: String] {
      let text = contents(TestHouse.root + "/Assets/locales/\(language.rawValue)/\(feature).json")
      return Dictionary(
        uniqueKeysWithValues: try JSON.read(text).object.map { $0.map { ($0.name, $0.value.string ?? "") } } ?? [])
    }
    var own = 0
    for feature in ["site", "accounts", "bookings", "checkout", "home", "scheduling", "tutors"] {
      let english = try members(.english, feature), other = try members(language, feature)
      #expect(Set(other.keys) == Set(english.keys))
      for (key, text) in other {
        func values(_ text: String) -> Set<Substring> { Set(text.matches(of: #/\{([a-z]+)[,}]/#).map(\.1)) }
        #expect(values(text) == values(english[key] ?? ""), "\(key)")
        if text != english[key] { own += 1 }
        guard language.isRightToLeft else { continue }
        let bare = text.replacing(#/\{[^{}]*\}/#, with: "")
        let isWordless = !bare.contains { $0.isLetter }
        #expect(isWordless || text.unicodeScalars.contains { (0x600...0x6ff).contains($0.value) }, "\(key)")
      }
    }
    #expect(own > 800)
  }

  @Test func `a language that has no words for it yet borrows the English ones, and nobody's key is shown as such`()
    throws
  {
    let folder = Folder()
    folder.write("en/site.json", #"{"site.only": "Only here"}"#)
    #expect(try Catalogue(folder: folder.path).wording("site.only", in: .arabic) == "Only here")
    #expect(catalogue.wording("site.home", in: .arabic) == "الرئيسية")
    #expect(catalogue.wording("no.such.key", in: .arabic) == "⟦no.such.key⟧")
  }

  @Test func `Arabic counts in its own way`() {
    func reviews(_ count: Int) -> String { catalogue.wording("site.reviews", in: .arabic, ["count": count]) }
    #expect(Set([0, 1, 2, 3, 11, 100].map(reviews)).count == 6)
    #expect(reviews(3) == "(3 تقييمات)" && reviews(11) == "(11 تقييمًا)" && reviews(2) == "(تقييمان)")
    #expect(catalogue.wording("site.reviews", in: .english, ["count": 1]) == "(1 review)")
  }

  @Test func `a catalogue with a mistake stops the start and says where`() throws {
    let folder = Folder()
    func write(_ name: String, _ text: String) { folder.write("en/" + name, text) }
    func reason() -> String {
      do {
        _ = try Catalogue(folder: folder.path)
        return ""
      } catch { return "\(error)" }
    }
    write("a.json", "{\"a.x\": \"fine\"}")
    #expect(reason() == "")
    write("b.json", "{\"a.x\": \"again\"}")
    #expect(reason().contains("a.x is given twice"))
    write("b.json", "{\"b.x\": \"{open\"}")
    #expect(reason().contains("b.x: an unclosed brace"))
    write("b.json", "{\"b.x\": 7}")
    #expect(reason().contains("b.x is no sentence"))
    write("b.json", "[]")
    #expect(reason().contains("is no object"))
    write("b.json", "{")
    #expect(reason() != "")
  }

  @Test func `made-up English is longer, in letters of its own, and keeps what is put in`() throws {
    let catalogue = try Catalogue(folder: TestHouse.root + "/Assets/locales", forBuilders: true)
    for language in Language.madeUp {
      let t = catalogue.words(in: language)
      #expect(t.language == language)
      #expect(t("site.signIn") == "⟨Šîĝñ îñ ··⟩")
      let found = t("home.lessonWith", subject: "Algebra", name: "Amal")
      #expect(found.contains("Algebra") && found.contains("Amal") && found.hasPrefix("⟨") && found.hasSuffix("⟩"))
      for key in catalogue.keys {
        let bare = (catalogue.source(of: key, in: .english) ?? "").replacing(#/\{[^{}]*\}/#, with: "")
        guard !bare.contains("{"), bare.contains(where: \.isLetter) else { continue }
        let made = t.sentence(key, [:]).replacing(#/\{[^{}]*\}/#, with: "")
        #expect(!made.unicodeScalars.contains { $0.isASCII && $0.properties.isAlphabetic }, "\(key): \(made)")
        #expect(made.count > bare.count, "\(key)")
      }
    }
  }

  @Test func `without builders nobody meets a language that nobody speaks`() {
    #expect(catalogue.words(in: .longEnglish).language == .english)
    #expect(catalogue.wording("site.signIn", in: .mirroredEnglish) == "Sign in")
    #expect(!Language.allCases.contains(.longEnglish))
    #expect(Language.preferred(acceptLanguage: "en-XA") == .longEnglish)
    #expect(Language.preferred(acceptLanguage: "en-GB, ar;q=0.5") == .english)
  }

  @Test func `a list has the language's own commas, and what is written the other way stays whole`() {
    let formats = Formats()
    #expect(formats.list(["algebra", "calculus", "logic"], in: .english) == "algebra, calculus, logic")
    #expect(formats.list(["Ada", "Ben", "Cleo"], isSentence: true, in: .english) == "Ada, Ben, and Cleo")
    #expect(formats.list(["Ada", "Ben"], isSentence: true, in: .spanish) == "Ada y Ben")
    #expect(formats.list(["Ada", "Ben", "Cleo"], in: .arabic).contains("،"))
    #expect(formats.list(["Ada", "Ben"], in: .urdu).contains("\u{2068}Ada\u{2069}"))
    #expect(formats.list([], in: .english) == "" && formats.list(["one"], in: .arabic) == "one")
  }
}
