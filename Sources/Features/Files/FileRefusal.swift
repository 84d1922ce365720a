import Web

/// Why an upload is not taken. The raw value names the sentence: `….refusal.<field>.<reason>`.
package enum FileRefusal: String, Error, Sendable, CaseIterable {
  case missing, wrongType, tooLarge, damaged, tooManyPixels
  /// Of sound and film: longer than ``Sample/longest``, or nothing a browser plays.
  case tooLong, unplayable
}

extension FileStore.Unwritable: Explained {
  /// A full or broken disk: nothing was taken, and it may be right again soon. The operator sees it at `/metrics` and in
  /// the log as answers of 503.
  var problem: Problem {
    Problem(503, "Files cannot be taken right now. What you wrote elsewhere is kept.", retryAfter: 60)
  }
}
