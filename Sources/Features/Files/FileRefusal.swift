/// Why an upload is not taken. The raw value names the sentence: `….refusal.<field>.<reason>`.
package enum FileRefusal: String, Error, Sendable, CaseIterable {
  case missing, wrongType, tooLarge, damaged, tooManyPixels
}
