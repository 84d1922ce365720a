import CJansson

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
    var error = json_error_t()
    let root = bytes.withUnsafeBytes { raw in
      json_loadb(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count,
        Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY), &error)
    }
    guard let root else {
      throw JSONError(
        sentence: sentence(of: error), line: max(1, Int(error.line)), column: Int(error.column),
        offset: Int(error.position))
    }
    defer { json_decref(root) }
    return try value(of: root, room: limits.depth)
  }

  package static func read(_ text: String, limits: Limits = .standard) throws(JSONError) -> JSON {
    try read(Array(text.utf8), limits: limits)
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

  private static func value(of node: UnsafeMutablePointer<json_t>, room: Int) throws(JSONError) -> JSON {
    switch node.pointee.type {
    case JSON_OBJECT:
      guard room > 0 else { throw tooDeep }
      var members: [(name: String, value: JSON)] = []
      members.reserveCapacity(json_object_size(node))
      var at = json_object_iter(node)
      while let here = at {
        // jansson has validated the UTF-8 and refused NUL, so the C string is the whole name.
        members.append(
          (String(cString: json_object_iter_key(here)), try value(of: json_object_iter_value(here), room: room - 1)))
        at = json_object_iter_next(node, here)
      }
      return .object(Object(distinct: members))
    case JSON_ARRAY:
      guard room > 0 else { throw tooDeep }
      let count = json_array_size(node)
      var elements: [JSON] = []
      elements.reserveCapacity(count)
      for index in 0..<count { elements.append(try value(of: json_array_get(node, index), room: room - 1)) }
      return .array(elements)
    case JSON_STRING:
      let bytes = UnsafeRawPointer(json_string_value(node)!)
      return .string(
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: json_string_length(node)), as: UTF8.self))
    case JSON_INTEGER: return .int(Int(json_integer_value(node)))
    case JSON_REAL: return .double(json_real_value(node))
    case JSON_TRUE: return .bool(true)
    case JSON_FALSE: return .bool(false)
    default: return .null
    }
  }

  private static var tooDeep: JSONError {
    JSONError(sentence: "The text is nested too deeply.", line: 0, column: 0, offset: 0)
  }
}
