/// Frames as servers send them: whole, unmasked (RFC 6455, 5.2).
enum SocketFrame {
  static func encode(opcode: UInt8, _ payload: some Collection<UInt8>) -> [UInt8] {
    let count = payload.count
    var frame: [UInt8] = []
    frame.reserveCapacity(count + 10)
    frame.append(0x80 | opcode)
    if count < 126 {
      frame.append(UInt8(count))
    } else if count < 65_536 {
      frame += [126, UInt8(count >> 8), UInt8(count & 255)]
    } else {
      frame.append(127)
      for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(count >> shift & 255)) }
    }
    frame.append(contentsOf: payload)
    return frame
  }

  /// A goodbye; the reason is cut to what a control frame holds.
  static func close(_ code: CloseCode, _ reason: String) -> [UInt8] {
    var text = Substring(reason)
    while text.utf8.count > 123 { text.removeLast() }
    return encode(opcode: 8, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 255)] + Array(text.utf8))
  }

  static let ping = encode(opcode: 9, [])
}
