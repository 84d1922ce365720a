import Crypto

/// Small pictures, made by Pillow.
enum Samples {
  /// 64 by 32: the left half red, the right half blue.
  static let redBlueJPEG = Base64.decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYV"
      + "pQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAg"
      + "AEADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAUG/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABYBAQEBAAAAAAAAAAAAAAAAAAAHBf"
      + "/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AM+AxlJAAQgFiSoABdAR1VQAEIBYkqAAf//Z")!
  /// The same, to be turned a quarter clockwise; its Exif block tells a place.
  static let turnedJPEG = Base64.decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4QBMRXhpZgAATU0AKgAAAAgAAgEOAAIAAAAdAAAAJgESAAMAAAABAAYAAAAAAAB0YWtlbiBhdCAyNC44Nj"
      + "A3IE4gNjcuMDAxMSBFAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpR"
      + "Uk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAgAEADAS"
      + "IAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAUG/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABYBAQEBAAAAAAAAAAAAAAAAAAAHBf/EABQR"
      + "AQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AM+AxlJAAQgFiSoABdAR1VQAEIBYkqAAf//Z")!
  /// 40 by 40: the left half green, the rest see-through.
  static let halfTransparentPNG = Base64.decode(
    "iVBORw0KGgoAAAANSUhEUgAAACgAAAAoCAYAAACM/rhtAAAAS0lEQVR4nO3OQRHAMAzAsHTIy3wDoexnAfD5zJ13Nt05m7lnM/aHBlWDqkHVoG"
      + "pQNagaVA2qBlWDqkHVoGpQNagaVA2qBlWDqkH1ASxCAlCwcYA0AAAAAElFTkSuQmCC")!
  /// The red and blue one with a palette.
  static let palettePNG = Base64.decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAAAgAQMAAACYU+zHAAAABlBMVEX/AAAAAP9sof2OAAAAGElEQVR4nGNkYGBg+M/AwMDEAAWjDGQGAD8UAT"
      + "/aRfd/AAAAAElFTkSuQmCC")!
  /// The red and blue one, VP8.
  static let lossyWebP = Base64.decode(
    "UklGRmIAAABXRUJQVlA4IFYAAADQAwCdASpAACAAPtFep02oJSOiLAgBABoJYwDKLqT8gABlGGgSxYAA/us2/+hQf6Dt//oSfJ36FfyY1Xj9Vf"
      + "//SbOUf8YL5kfX6wmyW/m5JI7yEAAAAA==")!
  /// The red and blue one, VP8L.
  static let losslessWebP = Base64.decode(
    "UklGRiYAAABXRUJQVlA4TBoAAAAvP8AHAA8Q87//8x8OxILJ/KVD6I3of1TBNw==")!
  /// The red and blue one in an extended container, VP8X.
  static let extendedWebP = Base64.decode(
    "UklGRsAAAABXRUJQVlA4WAoAAAAIAAAAPwAAHwAAVlA4IFYAAADQAwCdASpAACAAPtFep02oJSOiLAgBABoJYwDKLqT8gABlGGgSxYAA/us2/+"
      + "hQf6Dt//oSfJ36FfyY1Xj9Vf//SbOUf8YL5kfX6wmyW/m5JI7yEAAAAEVYSUZEAAAATU0AKgAAAAgAAgEOAAIAAAAdAAAAJgESAAMAAAABAAYA"
      + "AAAAAAB0YWtlbiBhdCAyNC44NjA3IE4gNjcuMDAxMSBFAAA=")!

  /// Silence: one channel of bytes, a thousand a second.
  static func silence(seconds: Int) -> [UInt8] {
    func little(_ number: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    let size = seconds * 1000
    return Array("RIFF".utf8) + little(36 + size, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
      + little(1, 2) + little(1000, 4) + little(1000, 4) + little(1, 2) + little(8, 2) + Array("data".utf8)
      + little(size, 4) + [UInt8](repeating: 128, count: size)
  }
}
