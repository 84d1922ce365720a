import Core
import JSON
import Testing

@Suite struct JSONWriterTests {
  @Test func `a document is written in order with commas where they belong`() {
    let id = ID<Booking>(high: 0x0199_0000_0000_7000, low: 0x8000_0000_0000_0001)
    let text = JSONWriter.text { w in
      w.object { w in
        w.field("id", id)
        w.field("price", Money(4500, .usd))
        w.field("at", Instant(seconds: 0))
        w.field("photo", String?.none)
        w.field("tags", ["a", "b"])
        w.array("rows", [1, 2]) { w, n in
          w.object { w in
            w.field("n", n)
            w.field("half", Double(n) / 2)
          }
        }
        w.array("empty") { _ in }
        w.object("nothing") { _ in }
        w.field(named: "odd \"name\"", true)
        w.field("last", -5)
      }
    }
    #expect(
      text == #"{"id":"01990000-0000-7000-8000-000000000001","price":{"amount":4500,"currency":"USD"},"#
        + #""at":"1970-01-01T00:00:00Z","photo":null,"tags":["a","b"],"rows":[{"n":1,"half":0.5},{"n":2,"half":1.0}],"#
        + #""empty":[],"nothing":{},"odd \"name\"":true,"last":-5}"#)
  }

  @Test func `strings are escaped so that they read back and never close a script`() throws {
    let nasty = "\u{1}\u{1F}\"\\/\n\r\t</script>\u{2028}é漢😀\u{7F}"
    let text = JSONWriter.text { $0.write(nasty) }
    #expect(!text.contains("<"))
    #expect(try JSON.read(text).string == nasty)
    #expect(text.hasPrefix(#""\u0001\u001f\"\\/\n\r\t\u003c/script>"#))
  }

  @Test(arguments: [0, 1, -1, 9, 10, 99, 100, Int.max, Int.min])
  func `whole numbers are written digit by digit`(_ n: Int) throws {
    #expect(JSONWriter.text { $0.write(n) } == String(n))
    #expect(try JSON.read(String(n)).int == n)
  }

  @Test(arguments: [0.1, -0.0, 1e300, Double.leastNonzeroMagnitude, 123456.789, 1e21])
  func `decimal numbers read back as the same number`(_ n: Double) throws {
    #expect(try JSON.read(JSONWriter.text { $0.write(n) }).double == n)
  }

  @Test func `an object that was written before is taken up and gets members behind its own`() {
    let text = JSONWriter.text { w in
      w.array { w in
        for n in 1...2 {
          w.object(extending: #"{"id":\#(n),"name":{"first":"Ada"}}"#) { w in
            w.array("at", [Instant(seconds: 0)]) { w, instant in w.write(instant) }
            w.field("n", n)
          }
        }
        w.object(extending: #"{"id":3}"#) { _ in }
      }
    }
    let more = #""name":{"first":"Ada"},"at":["1970-01-01T00:00:00Z"]"#
    #expect(text == #"[{"id":1,\#(more),"n":1},{"id":2,\#(more),"n":2},{"id":3}]"#)
  }

  @Test func `what JSON cannot say is null`() {
    #expect(JSONWriter.text { $0.write([Double.nan, .infinity]) } == "[null,null]")
  }

  @Test func `random documents survive writing and reading`() throws {
    var seed = UInt64(0x5EED)
    func roll(_ n: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % n
    }
    func make(_ depth: Int) -> JSON {
      switch roll(depth > 0 ? 7 : 5) {
      case 0: .null
      case 1: .bool(roll(2) == 0)
      case 2: .int(roll(1 << 30) - (1 << 29))
      case 3: .double(Double(roll(1 << 30)) / 1024)
      case 4: .string(String((0..<roll(12)).map { _ in Character(Unicode.Scalar(UInt32(1 + roll(0xD000)))!) }))
      case 5: .array((0..<roll(5)).map { _ in make(depth - 1) })
      default: .object((0..<roll(5)).reduce(into: JSON.Object()) { $0["k\($1)"] = make(depth - 1) })
      }
    }
    for _ in 0..<2000 {
      let json = make(4)
      #expect(try JSON.read(json.bytes) == json)
    }
  }
}
