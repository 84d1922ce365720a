import Core
import JSON
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
}
