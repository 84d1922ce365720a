/// Where a list goes on: the sort key of the last row seen and its id, opaque to clients.
package struct PageCursor: Hashable, Sendable {
  package let key: String
  package let id: String

  package init(key: String, id: String) {
    self.key = key
    self.id = id
  }

  /// Base 16 of `key NUL id`: plain, reversible, and safe in an address.
  package var text: String {
    let digits = Array("0123456789abcdef".utf8)
    let bytes = key.utf8 + [0] + id.utf8
    return String(unsafeUninitializedCapacity: bytes.count * 2) { text in
      for (at, byte) in bytes.enumerated() {
        text[at * 2] = digits[Int(byte >> 4)]
        text[at * 2 + 1] = digits[Int(byte & 15)]
      }
      return bytes.count * 2
    }
  }

  /// Nothing when the text was not made by ``text``.
  package init?(_ text: some StringProtocol) {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2), digits.count <= 1000 else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16) else { return nil }
      bytes.append(byte)
    }
    let halves = bytes.split(separator: 0, omittingEmptySubsequences: false)
    guard halves.count == 2, let key = String(validating: halves[0], as: UTF8.self),
      let id = String(validating: halves[1], as: UTF8.self)
    else { return nil }
    self.init(key: key, id: id)
  }
}
