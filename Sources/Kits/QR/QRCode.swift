import CQREncode
package import HTML

/// A QR code (ISO/IEC 18004) of a text, by libqrencode: the smallest version that holds it, error correction M.
package struct QRCode: Sendable, Equatable {
  /// Modules on one side, without the quiet zone.
  package let size: Int
  private let dark: [Bool]

  /// Nothing when the text is empty or longer than a code can hold (2,331 bytes).
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    size = width
    // The lowest bit of a module's byte is its colour; the others are libqrencode's own.
    dark = (0..<width * width).map { data[$0] & 1 == 1 }
  }

  /// Whether the module is dark; the quiet zone around is not.
  package func isDark(_ column: Int, _ row: Int) -> Bool {
    (0..<size).contains(column) && (0..<size).contains(row) && dark[row * size + column]
  }

  /// A drawing with the quiet zone of four modules, dark on white whatever the page's colours are, since cameras want
  /// it so. Colours are attributes: the content security policy allows no inline style.
  package func svg(label: String, class name: String = "qr") -> HTML {
    var path = ""
    for row in 0..<size {
      var column = 0
      while column < size {
        guard isDark(column, row) else {
          column += 1
          continue
        }
        var length = 1
        while isDark(column + length, row) { length += 1 }
        path += "M\(column + 4) \(row + 4)h\(length)v1h-\(length)z"
        column += length
      }
    }
    let side = size + 8
    return """
      <svg class="\(name)" viewBox="0 0 \(side) \(side)" width="\(side * 5)" height="\(side * 5)" role="img" \
      aria-label="\(label)" shape-rendering="crispEdges"><rect width="\(side)" height="\(side)" fill="#fff"></rect>\
      <path d="\(path)" fill="#000"></path></svg>
      """
  }
}
