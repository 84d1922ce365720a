import Core
import JSON
import Testing

@Suite struct JSONCodingTests {
  struct Letter: Codable, Equatable {
    enum Tone: String, Codable { case kind, stern }
    enum Shape: Codable, Equatable {
      case plain
      case framed(width: Int)
    }
    var id: ID<User>
    var sent: Instant
    var price: Money
    var tone: Tone
    var shape: Shape
    var words: [String]
    var nested: [[Int?]]
    var note: String?
    var table: [String: Int]
    var small: UInt8
    var extra: JSON
  }

  let letter = Letter(
    id: .new(), sent: Instant(microseconds: 1_700_000_000_123_456), price: Money(-5, .jpy), tone: .stern,
    shape: .framed(width: 3),
    words: ["a", "<b>"], nested: [[1, nil], []], note: nil, table: ["k": 1], small: 255,
    extra: ["any": [1, "x", .null]])

  @Test func `a value survives the round trip`() throws {
    let text = try JSON.encode(letter)
    #expect(try JSON.decode(Letter.self, from: text) == letter)
    #expect(text.contains(#""price":{"amount":-5,"currency":"JPY"}"#))
    #expect(!text.contains("note"))
  }

  @Test func `top-level scalars and arrays are values too`() throws {
    #expect(try JSON.encode(5) == "5")
    #expect(try JSON.encode("x") == #""x""#)
    #expect(try JSON.encode([1.5, 2]) == "[1.5,2.0]")
    #expect(try JSON.encode([Int]()) == "[]")
    #expect(try JSON.encode(Int?.none) == "null")
    #expect(try JSON.decode([Double].self, from: "[1,2.5]") == [1, 2.5])
    #expect(try JSON.decode(Int?.self, from: "null") == nil)
  }

  @Test func `another shape is a decoding error that names the place`() throws {
    struct Row: Codable { var rows: [Inner] }
    struct Inner: Codable { var n: Int }
    #expect {
      _ = try JSON.decode(Row.self, from: #"{"rows":[{"n":1},{"n":"two"}]}"#)
    } throws: { error in
      guard case DecodingError.typeMismatch(_, let context) = error else { return false }
      return context.codingPath.map(\.stringValue) == ["rows", "[1]", "n"]
    }
    #expect(throws: DecodingError.self) { try JSON.decode(Row.self, from: "{}") }
    #expect(throws: DecodingError.self) { try JSON.decode(UInt8.self, from: "256") }
    #expect(throws: DecodingError.self) { try JSON.decode(Int.self, from: "1.5") }
    #expect(throws: JSONError.self) { try JSON.decode(Row.self, from: "{") }
    #expect(throws: EncodingError.self) { try JSON.encode(Double.nan) }
  }
}
