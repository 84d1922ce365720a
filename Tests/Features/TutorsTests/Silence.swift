/// Half a second of a WAV file: one channel of bytes, a thousand a second.
let silence: [UInt8] =
  Array("RIFF\u{18}\u{2}\u{0}\u{0}WAVEfmt \u{10}\u{0}\u{0}\u{0}\u{1}\u{0}\u{1}\u{0}".utf8)
  + [0xE8, 3, 0, 0, 0xE8, 3, 0, 0, 1, 0, 8, 0] + Array("data".utf8) + [0xF4, 1, 0, 0]
  + [UInt8](repeating: 128, count: 500)
