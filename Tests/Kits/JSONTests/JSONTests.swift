import CJansson
import Core
import JSON
import TestDatabase
import Testing

@Suite struct JSONTests {
  @Test func `members are looked up by name and what is of another kind is nothing`() throws {
    let json = try JSON.read(#"{"name":"Ada","age":36,"tall":true,"tags":["a","b"],"none":null,"deep":{"x":[1,2.5]}}"#)
    #expect(json["name"]?.string == "Ada")
    #expect(json["age"]?.int == 36)
    #expect(json["age"]?.string == nil)
    #expect(json["tall"]?.bool == true)
    #expect(json["tags"]?.strings == ["a", "b"])
    #expect(json["none"]?.isNull == true)
    #expect(json["deep"]?["x"]?[1]?.double == 2.5)
    #expect(json["deep"]?["x"]?[2] == nil)
    #expect(json["absent"] == nil)
    #expect(json.object?.names == ["name", "age", "tall", "tags", "none", "deep"])
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", #"{"a":1,}"#, "{a:1}", "'a'", "01", "+1", ".5", "1.", "NaN", "Infinity", "tru", "[1] 2",
    "[1]]",
    #""\x""#, "\"\n\"", "\u{FEFF}1", #"{"a":1 "b":2}"#, #""\ud800""#, "/* */1",
  ])
  func `what is not JSON is refused`(_ text: String) {
    #expect(throws: JSONError.self) { try JSON.read(text) }
  }

  @Test
  func `a name given twice, a NUL, broken UTF-8, a huge number, depth and size are refused with their own sentence`() {
    func sentence(_ bytes: [UInt8], _ limits: JSON.Limits = .standard) -> String? {
      do throws(JSONError) {
        _ = try JSON.read(bytes, limits: limits)
        return nil
      } catch { return error.sentence }
    }
    #expect(sentence(Array(#"{"a":1,"a":2}"#.utf8)) == "A name occurs twice in one object.")
    #expect(sentence(Array(#"["a\u0000b"]"#.utf8)) == "A string holds a NUL character.")
    #expect(sentence(Array(#"{"a\u0000b":1}"#.utf8)) == "A string holds a NUL character.")
    #expect(sentence([0x22, 0xFF, 0x22]) == "The text is not valid UTF-8.")
    #expect(sentence(Array("[123456789012345678901234567890]".utf8)) == "A number is too large.")
    #expect(sentence(Array("[1e999]".utf8)) == "A number is too large.")
    #expect(sentence(Array("[1".utf8)) == "The text ends before the value does.")
    #expect(sentence(Array("1 2".utf8)) == "Something follows the end of the value.")
    #expect(sentence(Array("[[[1]]]".utf8), JSON.Limits(depth: 2)) == "The text is nested too deeply.")
    #expect(sentence(Array("[[1]]".utf8), JSON.Limits(depth: 2)) == nil)
    #expect(sentence(Array("[1,2,3]".utf8), JSON.Limits(size: 6)) == "The text is larger than 6 bytes.")
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 500_000)
    #expect(sentence(deep) == "The text is nested too deeply.")
  }

  @Test func `an error says where reading stopped`() {
    #expect {
      _ = try JSON.read("{\n  \"a\": tru\n}")
    } throws: { error in
      (error as? JSONError)?.line == 2
    }
  }

  @Test func `the order of members is kept and says nothing`() throws {
    let text = #"{"z":1,"a":{"y":2,"b":3},"m":[1,2]}"#
    #expect(try JSON.read(text).text == text)
    #expect(try JSON.read(text) == ["m": [1, 2], "a": ["b": 3, "y": 2], "z": 1])
    #expect(try JSON.read("[1,2]") != [2, 1])
    #expect(try JSON.read("1") != JSON.read("1.0"))
  }

  @Test func `a member is set, replaced and taken away`() {
    var object: JSON.Object = ["a": 1, "b": 2]
    object["a"] = "one"
    object["c"] = true
    object["b"] = nil
    #expect(JSON.object(object).text == #"{"a":"one","c":true}"#)
  }

  @Test func `keys, instants and money are read from their texts`() throws {
    let id = ID<User>.new()
    let json: JSON = [
      "id": .string(id.description), "at": "2026-11-20T17:30:00Z", "price": ["amount": 4500, "currency": "USD"],
    ]
    #expect(json["id"]?.id(User.self) == id)
    #expect(json["at"]?.instant == Instant(rfc3339: "2026-11-20T17:30:00Z"))
    #expect(json["price"]?.money == Money(4500, .usd))
    #expect(json["at"]?.id(User.self) == nil)
  }

  @Test func `what is written is read as it was, whatever it is`() throws {
    var random = Dice()
    for _ in 0..<2000 {
      let value = random.value(depth: 4)
      #expect(try JSON.read(value.text) == value, "seed \(random.seed): \(value.text)")
    }
  }

  /// The library that reads and the one that says what is wrong must never disagree.
  @Test func `a broken text is accepted exactly when jansson accepts it`() throws {
    var random = Dice()
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = Array(random.value(depth: 3).text.utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) { random.breakOne(&bytes) }
      let tree = bytes.withUnsafeBytes {
        json_loadb(
          $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY),
          nil)
      }
      defer { tree.map { json_decref($0) } }
      let isRead = (try? JSON.read(bytes)) != nil
      if isRead { accepted += 1 }
      // A NUL is where jansson stops reading, and no JSON.
      #expect(
        isRead == (tree != nil && !bytes.contains(0)),
        "seed \(random.seed): \(String(decoding: bytes, as: UTF8.self)) \(bytes)")
    }
    #expect((1000...19_000).contains(accepted), "both kinds occur: \(accepted)")
  }

  @Test func `long texts and wide objects are read, and the next short one after them`() throws {
    let wide = JSON.object(
      (0..<5000).reduce(into: JSON.Object()) { object, n in object["name \(n)"] = .array([.int(n), .string("ü\(n)")]) })
    let text = wide.text
    #expect(text.utf8.count > 100_000)
    for _ in 0..<3 {
      #expect(try JSON.read(text) == wide)
      #expect(try JSON.read("[1]") == [1])
    }
    let twice = text.dropLast() + #","name 4711":1}"#
    #expect(throws: JSONError.self) { try JSON.read(String(twice)) }
    // Two names that people take for one are two.
    #expect(try JSON.read("{\"\u{e9}\":1,\"e\u{301}\":2}").object?.count == 2)
  }
}

// Random values and broken texts.
extension Dice {
  fileprivate mutating func text() -> String {
    let letters: [Character] = [
      "a", "b", "é", "\u{7f}", "\"", "\\", "/", "\n", "\t", "\u{1}", "ß", "日", "😀", "<", " ", "{", "[", ",", ":",
    ]
    return String((0..<Int.random(in: 0...12, using: &self)).map { _ in letters.randomElement(using: &self)! })
  }

  fileprivate mutating func value(depth: Int) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &self) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &self))
    case 2: return .int(Int.random(in: -1000...1000, using: &self))
    case 3: return .int([Int.min, Int.max, 0, Int(truncatingIfNeeded: next())].randomElement(using: &self)!)
    case 4: return .double(Double.random(in: -1e6...1e6, using: &self))
    case 5: return .double([0.1, 1e300, 5e-324, -2.5, 1.7976931348623157e308].randomElement(using: &self)!)
    case 6: return .string(text())
    case 7: return .array((0..<Int.random(in: 0...5, using: &self)).map { _ in value(depth: depth - 1) })
    default:
      return .object(
        (0..<Int.random(in: 0...20, using: &self)).reduce(into: JSON.Object()) { object, n in
          object["\(n)\(text())"] = value(depth: depth - 1)
        })
    }
  }

  fileprivate mutating func breakOne(_ bytes: inout [UInt8]) {
    let pieces: [[UInt8]] = [
      Array("\\u0000".utf8), Array("\\ud800".utf8), Array("\\ud83d\\ude00".utf8), [0xED, 0xA0, 0x80], [0xC0, 0x80],
      [0xFF], [0],
      Array("9223372036854775808".utf8), Array("1e999".utf8), Array("-".utf8), Array("01".utf8),
      Array("{\"a\":1,\"a\":2}".utf8),
      Array(",".utf8), Array("]".utf8), Array("}".utf8), Array("\"".utf8), Array("//".utf8), Array("1.".utf8),
      Array("E+".utf8),
      [0xEF, 0xBB, 0xBF], Array("true".utf8), Array(" \r\n\t".utf8), [0x0B],
    ]
    let at = Int.random(in: 0...bytes.count, using: &self)
    switch Int.random(in: 0..<4, using: &self) {
    case 0 where at < bytes.count: bytes.remove(at: at)
    case 1 where at < bytes.count: bytes[at] = UInt8(truncatingIfNeeded: next())
    case 2: bytes.removeSubrange(at...)
    default: bytes.insert(contentsOf: pieces.randomElement(using: &self)!, at: at)
    }
  }
}
