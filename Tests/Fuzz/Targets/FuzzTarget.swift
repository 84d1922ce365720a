// What reads bytes of strangers, each behind one function that a fuzzer calls with anything. A target does more than not
// crash: it holds what must be true of every input (what is written is read back; a chunked reading equals a whole one).
//
// `bin/test fuzz` drives them with libFuzzer; `FuzzTests` replays the corpora and mutates them in the ordinary tests.

/// One reader of foreign bytes.
package struct FuzzTarget: Sendable {
  package let name: String
  /// Longest input worth trying, in bytes.
  package let longest: Int
  package let run: @Sendable ([UInt8]) -> Void

  package init(_ name: String, longest: Int = 4096, _ run: @escaping @Sendable ([UInt8]) -> Void) {
    self.name = name
    self.longest = longest
    self.run = run
  }

  package static let all: [FuzzTarget] = [
    .path, .query, .form, .multipart, .json, .contract, .cookies, .head, .headerValues, .tokens, .base64,
    .instants, .markdown, .messages, .zones, .calendar, .mailAddresses, .pictures, .fileKinds, .captions, .webhooks,
    .search, .http, .socket, .push,
  ]
}

/// A promise that an input has broken.
func hold(_ isTrue: Bool, _ promise: StaticString) {
  if !isTrue { fatalError("broken: \(promise)") }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Lines of an input that takes several texts.
func lines(_ bytes: [UInt8], _ count: Int) -> [String] {
  let lines = bytes.split(separator: 10, maxSplits: count - 1, omittingEmptySubsequences: false).map { text(Array($0)) }
  return lines + Array(repeating: "", count: count - lines.count)
}
