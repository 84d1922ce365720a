import CBrotli
import CZlib

/// The two content codings every browser reads (RFC 9110, 8.4.1; RFC 7932), made by the system's libraries.
package enum Compression: String, Sendable, CaseIterable {
  /// Smaller; first choice.
  case brotli = "br"
  case gzip

  /// The bytes as small as the library makes them: slow, for what is made once and sent often. Blocks; not for a loop.
  /// Nothing when the library has no memory.
  package func smallest(_ bytes: [UInt8]) -> [UInt8]? {
    switch self {
    case .brotli: Self.brotli(bytes)
    case .gzip: Self.gzip(bytes)
    }
  }

  /// The bytes as they were; nothing when these are no such stream, or when they would be more than `most` bytes.
  package func restored(_ bytes: [UInt8], most: Int) -> [UInt8]? {
    switch self {
    case .brotli: Self.unbrotli(bytes, most)
    case .gzip: Self.gunzip(bytes, most)
    }
  }

  private static func brotli(_ bytes: [UInt8]) -> [UInt8]? {
    let room = max(64, BrotliEncoderMaxCompressedSize(bytes.count))
    var size = room
    let out = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      let done = bytes.withUnsafeBufferPointer {
        BrotliEncoderCompress(
          BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, bytes.count, $0.baseAddress, &size,
          buffer.baseAddress)
      }
      count = done == BROTLI_TRUE ? size : 0
    }
    return out.isEmpty ? nil : out
  }

  private static func unbrotli(_ bytes: [UInt8], _ most: Int) -> [UInt8]? {
    var size = most
    var isWhole = false
    let out = [UInt8](unsafeUninitializedCapacity: max(1, most)) { buffer, count in
      let result = bytes.withUnsafeBufferPointer {
        BrotliDecoderDecompress(bytes.count, $0.baseAddress, &size, buffer.baseAddress)
      }
      isWhole = result == BROTLI_DECODER_RESULT_SUCCESS
      count = isWhole ? size : 0
    }
    return isWhole ? out : nil
  }

  private static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard bytes.count < Int(UInt32.max), zlib_begin_gzip(&stream, 9) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    return whole(&stream, bytes, room: Int(deflateBound(&stream, UInt(bytes.count)))) { deflate($0, Z_FINISH) }
  }

  private static func gunzip(_ bytes: [UInt8], _ most: Int) -> [UInt8]? {
    var stream = z_stream()
    guard bytes.count < Int(UInt32.max), most < Int(UInt32.max), zlib_begin_gunzip(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    return whole(&stream, bytes, room: max(1, most)) { inflate($0, Z_FINISH) }
  }

  private static func whole(
    _ stream: inout z_stream, _ bytes: [UInt8], room: Int, _ step: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> [UInt8]? {
    var isWhole = false
    var input = bytes
    let out = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      input.withUnsafeMutableBufferPointer { input in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(room)
        isWhole = step(&stream) == Z_STREAM_END
      }
      count = isWhole ? room - Int(stream.avail_out) : 0
    }
    return isWhole ? out : nil
  }
}
