import CGD
import Glibc

/// A picture made anew from a stranger's: decoded, turned upright, sized and encoded again, so that nothing of the
/// original file remains, no place it was taken, no second meaning of its bytes. Blocks, and computes long.
struct Picture {
  enum Size: Equatable {
    /// The middle, as a square of at most so many pixels a side.
    case square(Int)
    /// The whole, with at most so many pixels on the longer side.
    case within(Int)
  }

  let bytes: [UInt8]
  let width: Int
  let height: Int

  /// 32 million pixels are 128 MB while decoded; a page of a few kilobytes may declare billions.
  static let mostPixels = 32_000_000
  static let longestSide = 12_000

  private static let quiet: Void = tl_gd_be_quiet()

  static func remade(_ bytes: [UInt8], to size: Size) throws(FileRefusal) -> Picture {
    _ = quiet
    guard let header = PictureHeader(bytes) else { throw .damaged }
    guard header.width <= longestSide, header.height <= longestSide, header.width * header.height <= mostPixels else {
      throw .tooManyPixels
    }
    guard let source = decode(bytes, header.kind) else { throw .damaged }
    defer { gdImageDestroy(source) }
    let (width, height) = (Int(source.pointee.sx), Int(source.pointee.sy))
    // What the decoder sees is what was declared, or somebody plays tricks.
    guard width == header.width, height == header.height, width > 0, height > 0 else { throw .damaged }

    let from: (x: Int, y: Int, width: Int, height: Int)
    let to: (width: Int, height: Int)
    switch size {
    case .square(let side):
      let shorter = min(width, height)
      from = ((width - shorter) / 2, (height - shorter) / 2, shorter, shorter)
      to = (min(side, shorter), min(side, shorter))
    case .within(let side):
      from = (0, 0, width, height)
      let longer = max(width, height)
      to = longer <= side ? (width, height) : (max(1, width * side / longer), max(1, height * side / longer))
    }
    guard let sized = gdImageCreateTrueColor(Int32(to.width), Int32(to.height)) else { throw .damaged }
    defer { gdImageDestroy(sized) }
    // JPEG has no transparency: what is see-through stands on white.
    gdImageFilledRectangle(sized, 0, 0, Int32(to.width - 1), Int32(to.height - 1), 0xFFFFFF)
    gdImageAlphaBlending(sized, 1)
    if to == (from.width, from.height) {
      gdImageCopy(sized, source, 0, 0, Int32(from.x), Int32(from.y), Int32(from.width), Int32(from.height))
    } else {
      gdImageCopyResampled(
        sized, source, 0, 0, Int32(from.x), Int32(from.y), Int32(to.width), Int32(to.height), Int32(from.width),
        Int32(from.height))
    }
    guard let upright = turned(sized, header.orientation) else { throw .damaged }
    defer { if upright != sized { gdImageDestroy(upright) } }
    gdImageInterlace(upright, 1)
    var count: Int32 = 0
    guard let encoded = gdImageJpegPtr(upright, &count, 84), count > 0 else { throw .damaged }
    defer { gdFree(encoded) }
    return Picture(
      bytes: Array(UnsafeRawBufferPointer(start: encoded, count: Int(count))), width: Int(upright.pointee.sx),
      height: Int(upright.pointee.sy))
  }

  private static func decode(_ bytes: [UInt8], _ kind: PictureHeader.Kind) -> gdImagePtr? {
    var bytes = bytes
    return bytes.withUnsafeMutableBytes { raw in
      switch kind {
      case .jpeg: gdImageCreateFromJpegPtr(Int32(raw.count), raw.baseAddress)
      case .png: gdImageCreateFromPngPtr(Int32(raw.count), raw.baseAddress)
      case .webp: gdImageCreateFromWebpPtr(Int32(raw.count), raw.baseAddress)
      }
    }
  }

  /// Upright as its Exif orientation says (TIFF 6.0, tag 274); the picture itself when it is already.
  private static func turned(_ image: gdImagePtr, _ orientation: Int) -> gdImagePtr? {
    guard (2...8).contains(orientation) else { return image }
    let (width, height) = (image.pointee.sx, image.pointee.sy)
    let swaps = orientation >= 5
    guard let turned = gdImageCreateTrueColor(swaps ? height : width, swaps ? width : height) else { return nil }
    for y in 0..<height {
      for x in 0..<width {
        let (toX, toY) =
          switch orientation {
          case 2: (width - 1 - x, y)
          case 3: (width - 1 - x, height - 1 - y)
          case 4: (x, height - 1 - y)
          case 5: (y, x)
          case 6: (height - 1 - y, x)
          case 7: (height - 1 - y, width - 1 - x)
          default: (y, width - 1 - x)
          }
        gdImageSetPixel(turned, toX, toY, gdImageGetTrueColorPixel(image, x, y))
      }
    }
    return turned
  }
}

/// What a picture's first bytes declare, read before anything is decoded.
struct PictureHeader: Equatable {
  enum Kind { case jpeg, png, webp }

  let kind: Kind
  let width: Int
  let height: Int
  /// One to eight; one is upright.
  let orientation: Int

  init?(_ bytes: [UInt8]) {
    let reader = Reader(bytes: bytes)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      // PNG: IHDR is the first chunk.
      guard reader.text(12, 4) == "IHDR", let width = reader.big(16, 4), let height = reader.big(20, 4) else {
        return nil
      }
      self.init(.png, width, height, 1)
    } else if reader.text(0, 4) == "RIFF", reader.text(8, 4) == "WEBP" {
      switch reader.text(12, 4) {
      case "VP8 ":
        guard reader.big(23, 3) == 0x9D012A, let width = reader.little(26, 2), let height = reader.little(28, 2) else {
          return nil
        }
        self.init(.webp, width & 0x3FFF, height & 0x3FFF, 1)
      case "VP8L":
        guard reader.big(20, 1) == 0x2F, let bits = reader.little(21, 4) else { return nil }
        self.init(.webp, bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1, 1)
      case "VP8X":
        guard let width = reader.little(24, 3), let height = reader.little(27, 3) else { return nil }
        self.init(.webp, width + 1, height + 1, 1)
      default: return nil
      }
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      var at = 2
      var orientation = 1
      while true {
        guard reader.big(at, 1) == 0xFF, let marker = reader.big(at + 1, 1) else { return nil }
        if marker == 0xFF {
          at += 1
          continue
        }
        if marker == 0x01 || (0xD0...0xD7).contains(marker) {
          at += 2
          continue
        }
        guard marker != 0xD9, marker != 0xDA, let length = reader.big(at + 2, 2), length >= 2 else { return nil }
        if marker == 0xE1, let found = Self.orientation(reader, at + 4, length - 2) { orientation = found }
        // Start of frame, of any coding; C4, C8 and CC are none.
        if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
          guard let height = reader.big(at + 5, 2), let width = reader.big(at + 7, 2) else { return nil }
          self.init(.jpeg, width, height, orientation)
          break
        }
        at += 2 + length
      }
    } else {
      return nil
    }
    guard width > 0, height > 0 else { return nil }
  }

  private init(_ kind: Kind, _ width: Int, _ height: Int, _ orientation: Int) {
    self.kind = kind
    self.width = width
    self.height = height
    self.orientation = orientation
  }

  /// The orientation in an Exif block: a TIFF header, then the first directory's entries of twelve bytes.
  private static func orientation(_ reader: Reader, _ start: Int, _ length: Int) -> Int? {
    guard reader.text(start, 4) == "Exif", length > 14 else { return nil }
    let tiff = start + 6
    let isLittle = reader.text(tiff, 2) == "II"
    func number(_ at: Int, _ count: Int) -> Int? { isLittle ? reader.little(at, count) : reader.big(at, count) }
    guard isLittle || reader.text(tiff, 2) == "MM", number(tiff + 2, 2) == 42, let directory = number(tiff + 4, 4),
      directory < length, let entries = number(tiff + directory, 2)
    else { return nil }
    for entry in 0..<min(entries, 200) {
      let at = tiff + directory + 2 + entry * 12
      if number(at, 2) == 274, let value = number(at + 8, 2), (1...8).contains(value) { return value }
    }
    return nil
  }

  private struct Reader {
    let bytes: [UInt8]
    func text(_ at: Int, _ count: Int) -> String? {
      at >= 0 && at + count <= bytes.count ? String(decoding: bytes[at..<at + count], as: UTF8.self) : nil
    }
    func big(_ at: Int, _ count: Int) -> Int? {
      at >= 0 && at + count <= bytes.count ? bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) } : nil
    }
    func little(_ at: Int, _ count: Int) -> Int? {
      at >= 0 && at + count <= bytes.count ? bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) } : nil
    }
  }
}
