import Core
import Glibc
package import Loop

// Where towns are. The list is that of GeoNames (towns of fifteen thousand people and more, CC BY) as Debian's package
// libtimezonemap-data carries it. Questions are rare and the list is five megabytes, so nothing of it is held: the file is
// mapped while one question is answered, on a thread that may wait, and a few answers are remembered.

/// A town, by the name most people know it under.
package struct Town: Sendable, Equatable {
  package let name: String
  /// ISO 3166, two letters.
  package let country: String
  /// Degrees, north positive.
  package let latitude: Double
  /// Degrees, east positive.
  package let longitude: Double
  package let people: Int
}

/// The list of towns on this machine.
package final class Towns: Sendable {
  /// Where the package puts it.
  package static let file = "/usr/share/libtimezonemap/ui/cities15000.txt"

  private let path: String
  private let pool: BlockingPool
  private let known = Memo<String, Town?>(limit: 1 << 16)

  /// Nothing where there is no such file: then nobody is asked for a town.
  package init?(path: String = Towns.file, pool: BlockingPool) {
    guard access(path, R_OK) == 0 else { return nil }
    self.path = path
    self.pool = pool
  }

  /// The largest town of that name, in whatever language or script; `Hyderabad, PK` is the largest in that country.
  /// Nothing when there is none, or the list cannot be read any more.
  package func find(_ words: String) async throws -> Town? {
    guard let question = Question(words) else { return nil }
    let key = question.name + "\t" + question.country
    if let found = known.find(key) { return found }
    let found = try await pool.run { [path] in Self.look(for: question, in: path) }
    known.hold(found, under: key, weight: key.utf8.count + 100)
    return found
  }

  struct Question: Sendable {
    let name: String
    let country: String

    init?(_ words: String) {
      var parts = words.pieces(at: ",").map { $0.trimmingSpaces() }
      if let last = parts.last, parts.count > 1, last.utf8.count == 2 {
        country = last.uppercased()
        parts.removeLast()
      } else {
        country = ""
      }
      let name = parts.joined(separator: ", ").lowercased()
      guard (2...80).contains(name.utf8.count), !name.utf8.contains(9), !name.utf8.contains(10) else { return nil }
      self.name = name
    }
  }

  private static func look(for question: Question, in path: String) -> Town? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size > 0, status.st_size < 1 << 28 else { return nil }
    guard let start = mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      return nil
    }
    defer { munmap(start, status.st_size) }
    return look(for: question, among: UnsafeRawBufferPointer(start: start, count: status.st_size))
  }

  /// Lines of tab-separated columns: 1 the name, 2 the same in plain letters, 3 other names with commas between,
  /// 4 and 5 the coordinates, 8 the country, 14 how many people.
  static func look(for question: Question, among bytes: UnsafeRawBufferPointer) -> Town? {
    let name = Array(question.name.utf8)
    var best: Town?
    var at = 0
    var columns: [Range<Int>] = []
    while at < bytes.count {
      columns.removeAll(keepingCapacity: true)
      var begin = at
      while at < bytes.count, bytes[at] != 10 {
        if bytes[at] == 9 {
          columns.append(begin..<at)
          begin = at + 1
        }
        at += 1
      }
      columns.append(begin..<at)
      at += 1
      guard columns.count > 14 else { continue }
      func text(_ column: Int) -> String { String(decoding: bytes[columns[column]], as: UTF8.self) }
      guard
        isName(name, bytes, columns[1]) || isName(name, bytes, columns[2])
          || isAmong(name, bytes, columns[3]), question.country.isEmpty || text(8).isSpelled(question.country),
        let latitude = Double(text(4)), let longitude = Double(text(5)), (-90...90).contains(latitude),
        (-180...180).contains(longitude)
      else { continue }
      let people = Int(text(14)) ?? 0
      if let best, best.people >= people { continue }
      best = Town(name: text(1), country: text(8), latitude: latitude, longitude: longitude, people: people)
    }
    return best
  }

  /// Whether these bytes are the name, whatever the case of its plain letters.
  private static func isName(_ name: [UInt8], _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    guard range.count == name.count else { return false }
    for (offset, wanted) in name.enumerated() {
      let byte = bytes[range.lowerBound + offset]
      guard (byte >= 65 && byte <= 90 ? byte | 32 : byte) == wanted else { return false }
    }
    return true
  }

  private static func isAmong(_ name: [UInt8], _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    var begin = range.lowerBound
    for at in range where bytes[at] == 44 {
      if isName(name, bytes, begin..<at) { return true }
      begin = at + 1
    }
    return isName(name, bytes, begin..<range.upperBound)
  }
}
