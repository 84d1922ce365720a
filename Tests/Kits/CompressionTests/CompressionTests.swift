import Compression
import Testing

@Suite struct CompressionTests {
  @Test(arguments: Compression.allCases) func `what is made small is restored, whatever it was`(_ coding: Compression)
    throws
  {
    let texts: [[UInt8]] = [
      [], [0], Array("tutor ".utf8), Array(String(repeating: "a lesson in algebra. ", count: 5000).utf8),
      (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) },
    ]
    for text in texts {
      let small = try #require(coding.smallest(text))
      #expect(coding.restored(small, most: 1 << 20) == text)
    }
    let long = try #require(coding.smallest(texts[3]))
    #expect(long.count < 1000)
  }

  @Test(arguments: Compression.allCases) func `a stream that is cut, broken or too large is nothing`(
    _ coding: Compression
  ) throws {
    let small = try #require(coding.smallest(Array(String(repeating: "x", count: 100_000).utf8)))
    #expect(coding.restored(Array(small.dropLast()), most: 1 << 20) == nil)
    #expect(coding.restored(small, most: 99_999) == nil)
    #expect(coding.restored(Array("no stream at all".utf8), most: 1 << 20) == nil)
    #expect(coding.restored([], most: 1 << 20) == nil)
  }
}
