import CGD
import Crypto
import Testing

@testable import Files

@Suite struct PictureTests {
  /// The colour at a point of a JPEG, as red, green and blue.
  func colour(_ jpeg: [UInt8], _ x: Int, _ y: Int) -> (Int, Int, Int) {
    var bytes = jpeg
    let image = bytes.withUnsafeMutableBytes { gdImageCreateFromJpegPtr(Int32($0.count), $0.baseAddress) }!
    defer { gdImageDestroy(image) }
    let pixel = Int(gdImageGetTrueColorPixel(image, Int32(x), Int32(y)))
    return (pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255)
  }

  func isRed(_ c: (Int, Int, Int)) -> Bool { c.0 > 200 && c.1 < 60 && c.2 < 60 }
  func isBlue(_ c: (Int, Int, Int)) -> Bool { c.0 < 60 && c.1 < 60 && c.2 > 200 }

  @Test(arguments: [
    Samples.redBlueJPEG, Samples.palettePNG, Samples.lossyWebP, Samples.losslessWebP, Samples.extendedWebP,
  ])
  func `every format in comes out as the same picture`(_ bytes: [UInt8]) throws {
    let picture = try Picture.remade(bytes, to: .within(2048))
    #expect((picture.width, picture.height) == (64, 32))
    #expect(isRed(colour(picture.bytes, 8, 16)))
    #expect(isBlue(colour(picture.bytes, 56, 16)))
    #expect(PictureHeader(picture.bytes) == PictureHeader(picture.bytes))
    #expect(PictureHeader(picture.bytes)?.width == 64)
  }

  @Test func `a picture is turned upright, and what it told of its place is gone`() throws {
    #expect(PictureHeader(Samples.turnedJPEG)?.orientation == 6)
    #expect(String(decoding: Samples.turnedJPEG, as: UTF8.self).contains("24.8607 N"))
    let picture = try Picture.remade(Samples.turnedJPEG, to: .within(2048))
    #expect((picture.width, picture.height) == (32, 64))
    #expect(isRed(colour(picture.bytes, 16, 8)))
    #expect(isBlue(colour(picture.bytes, 16, 56)))
    let text = String(decoding: picture.bytes, as: UTF8.self)
    #expect(!text.contains("Exif") && !text.contains("24.8607"))
  }

  @Test func `a portrait is the middle as a square, never enlarged`() throws {
    let small = try Picture.remade(Samples.redBlueJPEG, to: .square(512))
    #expect((small.width, small.height) == (32, 32))
    #expect(isRed(colour(small.bytes, 4, 16)) && isBlue(colour(small.bytes, 28, 16)))
    let tiny = try Picture.remade(Samples.redBlueJPEG, to: .square(16))
    #expect((tiny.width, tiny.height) == (16, 16))
    let narrow = try Picture.remade(Samples.redBlueJPEG, to: .within(16))
    #expect((narrow.width, narrow.height) == (16, 8))
  }

  @Test func `what is see-through stands on white`() throws {
    let picture = try Picture.remade(Samples.halfTransparentPNG, to: .within(2048))
    #expect(colour(picture.bytes, 35, 20) == (255, 255, 255))
    let (red, green, blue) = colour(picture.bytes, 5, 20)
    #expect(red < 30 && green > 100 && blue < 30)
  }

  /// A PNG's head with those sides; a bomb needs no more.
  func png(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    func big(_ n: UInt32) -> [UInt8] { withUnsafeBytes(of: n.bigEndian) { Array($0) } }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + big(width) + big(height)
      + [8, 2, 0, 0, 0, 0, 0, 0, 0]
  }

  @Test func `a bomb is refused by what it declares, before anything is decoded`() {
    for (width, height) in [(60_000, 60_000), (12_001, 1), (1, 12_001), (12_000, 12_000), (UInt32.max, UInt32.max)]
      as [(UInt32, UInt32)]
    {
      #expect(throws: FileRefusal.tooManyPixels) { try Picture.remade(png(width, height), to: .square(512)) }
    }
    for (width, height) in [(0, 10), (10, 0)] as [(UInt32, UInt32)] {
      #expect(throws: FileRefusal.damaged) { try Picture.remade(png(width, height), to: .square(512)) }
    }
  }

  @Test func `every cut and every turned byte of a picture is refused or harmless`() {
    for whole in [
      Samples.turnedJPEG, Samples.halfTransparentPNG, Samples.lossyWebP, Samples.losslessWebP, Samples.extendedWebP,
    ] {
      for length in stride(from: 0, to: whole.count, by: 7) {
        _ = try? Picture.remade(Array(whole[..<length]), to: .square(64))
      }
      var seed: UInt64 = 0xF11E
      for _ in 0..<300 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var turned = whole
        turned[Int(seed >> 33) % whole.count] ^= UInt8(truncatingIfNeeded: seed >> 20) | 1
        if let picture = try? Picture.remade(turned, to: .square(64)) {
          #expect(picture.width <= 64 && picture.height <= 64)
        }
      }
    }
    #expect(throws: FileRefusal.damaged) { try Picture.remade([], to: .square(64)) }
    #expect(throws: FileRefusal.damaged) { try Picture.remade(png(10, 10), to: .square(64)) }
  }

  @Test func `the large ones are still small work`() throws {
    let large = gdImageCreateTrueColor(6000, 4000)!
    gdImageFilledRectangle(large, 0, 0, 5999, 3999, 0x3366CC)
    var count: Int32 = 0
    let encoded = gdImageJpegPtr(large, &count, 80)!
    let bytes = Array(UnsafeRawBufferPointer(start: encoded, count: Int(count)))
    gdFree(encoded)
    gdImageDestroy(large)
    let picture = try Picture.remade(bytes, to: .square(512))
    #expect((picture.width, picture.height) == (512, 512))
    #expect(picture.bytes.count < 40_000)
  }
}
