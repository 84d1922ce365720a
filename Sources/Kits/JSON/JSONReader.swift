import CJansson
import CSimdjson
import Glibc

/// Why a text is not acceptable JSON, in words that may be shown to whoever sent it, and where reading stopped.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  package let sentence: String
  /// Counted from one; zero when the text as a whole is refused.
  package let line: Int
  package let column: Int
  /// In bytes from the start.
  package let offset: Int

  package var description: String { line == 0 ? sentence : "\(sentence) (line \(line), column \(column))" }
}

extension JSON {
  /// How much of a stranger's text is taken in.
  package struct Limits: Sendable {
    /// In bytes.
    package let size: Int
    /// Arrays and objects inside each other.
    package let depth: Int

    package init(size: Int = 1 << 20, depth: Int = 64) {
      self.size = size
      self.depth = depth
    }

    package static let standard = Limits()
  }

  /// Reads one JSON text, strictly: UTF-8 only, no name twice in an object, no NUL in strings, whole numbers within
  /// 64 bits, nothing after the value. Any value may stand at the top (RFC 8259, 2).
  package static func read(_ bytes: [UInt8], limits: Limits = .standard) throws(JSONError) -> JSON {
    guard bytes.count <= limits.size else {
      throw JSONError(
        sentence: "The text is larger than \(limits.size) bytes.", line: 0, column: 0, offset: limits.size)
    }
    var tape = json_tape(words: nil, strings: nil)
    guard bytes.withUnsafeBufferPointer({ json_tape_read($0.baseAddress, $0.count, &tape) }) else {
      throw refusal(of: bytes)
    }
    // The first word is the root, which holds one value.
    var reader = TapeReader(words: tape.words, strings: tape.strings, at: 1)
    do throws(TapeReader.Refusal) { return try reader.value(room: limits.depth) } catch {
      throw error == .depth ? tooDeep : refusal(of: bytes)
    }
  }

  package static func read(_ text: String, limits: Limits = .standard) throws(JSONError) -> JSON {
    try read(Array(text.utf8), limits: limits)
  }

  /// What is wrong with a text that was not accepted, and where: jansson's judgement, which counts lines.
  private static func refusal(of bytes: [UInt8]) -> JSONError {
    var error = json_error_t()
    let root = bytes.withUnsafeBytes { raw in
      json_loadb(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count,
        Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY), &error)
    }
    if let root {
      json_decref(root)
      return JSONError(sentence: "The text is not valid JSON.", line: 0, column: 0, offset: 0)
    }
    return JSONError(
      sentence: sentence(of: error), line: max(1, Int(error.line)), column: Int(error.column),
      offset: Int(error.position))
  }

  /// Our words, not jansson's: those quote the input, which a reader of logs should not be served unasked.
  private static func sentence(of error: json_error_t) -> String {
    withUnsafePointer(to: error) { error in
      switch json_error_code(error) {
      case json_error_premature_end_of_input: "The text ends before the value does."
      case json_error_end_of_input_expected: "Something follows the end of the value."
      case json_error_invalid_utf8: "The text is not valid UTF-8."
      case json_error_null_character, json_error_null_byte_in_key: "A string holds a NUL character."
      case json_error_duplicate_key: "A name occurs twice in one object."
      case json_error_numeric_overflow: "A number is too large."
      case json_error_stack_overflow: "The text is nested too deeply."
      default: "The text is not valid JSON."
      }
    }
  }

  private static var tooDeep: JSONError {
    JSONError(sentence: "The text is nested too deeply.", line: 0, column: 0, offset: 0)
  }
}

/// Goes along simdjson's tape (its doc/tape.md): a word for each thing, whose first byte says what it is. Refuses what the
/// library lets pass and we do not: a name twice in an object, a NUL in a string, a whole number beyond 64 bits.
private struct TapeReader {
  enum Refusal: Error { case depth, content }

  let words: UnsafePointer<UInt64>
  let strings: UnsafePointer<UInt8>
  var at: Int

  private static let payload: UInt64 = 0x00FF_FFFF_FFFF_FFFF

  mutating func value(room: Int) throws(Refusal) -> JSON {
    let word = words[at]
    at += 1
    switch UInt8(truncatingIfNeeded: word >> 56) {
    case UInt8(ascii: "{"):
      guard room > 0 else { throw .depth }
      return .object(try object(until: Int(word & 0xFFFF_FFFF) - 1, count: Int(word >> 32 & 0xFFFFFF), room: room - 1))
    case UInt8(ascii: "["):
      guard room > 0 else { throw .depth }
      let end = Int(word & 0xFFFF_FFFF) - 1
      var elements: [JSON] = []
      // So many, or more than can be said there.
      elements.reserveCapacity(Int(word >> 32 & 0xFFFFFF))
      while at < end { elements.append(try value(room: room - 1)) }
      at = end + 1
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try text(word))
    case UInt8(ascii: "l"):
      at += 1
      return .int(Int(Int64(bitPattern: words[at - 1])))
    case UInt8(ascii: "d"):
      at += 1
      return .double(Double(bitPattern: words[at - 1]))
    case UInt8(ascii: "t"): return .bool(true)
    case UInt8(ascii: "f"): return .bool(false)
    case UInt8(ascii: "n"): return .null
    // "u" is a whole number above those of 64 bits with a sign.
    default: throw .content
    }
  }

  private mutating func object(until end: Int, count: Int, room: Int) throws(Refusal) -> JSON.Object {
    var members: [(name: String, value: JSON)] = []
    members.reserveCapacity(count)
    var seen: Set<[UInt8]> = []
    while at < end {
      let name = try text(words[at])
      at += 1
      // Names are the same when their bytes are. Objects that people send are short: looking at each is quicker than a set.
      if members.count < 16 {
        for member in members where member.name == name && member.name.utf8.elementsEqual(name.utf8) { throw .content }
      } else {
        if seen.isEmpty { seen = Set(members.map { Array($0.name.utf8) }) }
        guard seen.insert(Array(name.utf8)).inserted else { throw .content }
      }
      members.append((name, try value(room: room)))
    }
    at = end + 1
    return JSON.Object(distinct: members)
  }

  /// The length in the machine's order of bytes, the bytes, and a NUL.
  private func text(_ word: UInt64) throws(Refusal) -> String {
    let start = UnsafeRawPointer(strings + Int(word & Self.payload))
    let bytes = UnsafeRawBufferPointer(start: start + 4, count: Int(start.loadUnaligned(as: UInt32.self)))
    guard bytes.isEmpty || memchr(bytes.baseAddress!, 0, bytes.count) == nil else { throw .content }
    return String(decoding: bytes, as: UTF8.self)
  }
}
