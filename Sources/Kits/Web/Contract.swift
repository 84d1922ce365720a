import JSON

/// What a call of the published API promises: declared beside its route, held against every request, and printed in
/// `/api/openapi.json`. Whatever the contract does not allow is refused before the handler runs, so that the document
/// cannot say one thing and the house do another.
package struct Contract: Sendable {
  /// What it does, in a line.
  package let summary: String
  /// The query's parameters; any other is refused with 400. Optional, all of them.
  package let query: [Schema.Member]
  /// The JSON body; nothing when none is read.
  package let body: Schema?
  /// The status of success.
  package let status: Int
  /// What success carries; nothing for 204.
  package let answer: Schema?
  /// Other statuses the handler itself may answer with, beyond those every route of its kind has.
  package let refusals: [Int]
  /// Which members of the answer name things that other addresses ask for: `["booking": "/id"]` says that the `id` is
  /// what stands for `:booking` elsewhere. Becomes links of the document.
  package let names: [(part: String, pointer: String)]
  /// Whether `Idempotency-Key` is heeded.
  package let isIdempotent: Bool
  /// The body is signed as it stands, and read by the handler alone.
  package let isSigned: Bool

  package init(
    _ summary: String, asks query: KeyValuePairs<String, Schema> = [:], takes body: Schema? = nil,
    gives status: Int = 200, _ answer: Schema? = nil, refuses refusals: [Int] = [],
    names: KeyValuePairs<String, String> = [:], isIdempotent: Bool = false, isSigned: Bool = false
  ) {
    self.summary = summary
    self.query = query.map { Schema.Member($0.key, $0.value) }
    self.body = body
    self.status = status
    self.answer = answer
    self.refusals = refusals
    self.names = names.map { ($0.key, $0.value) }
    self.isIdempotent = isIdempotent
    self.isSigned = isSigned
  }

  /// Throws the ``Problem`` of a request that breaks the contract: 400 for its address or what is no JSON, 422 with a
  /// sentence for each field of another shape. Keeps what it has read of the body.
  func hold(_ request: inout Request) throws {
    var errors: [String: [String]] = [:]
    for (name, text) in request.query {
      guard let parameter = query.first(where: { $0.name == name }) else {
        errors[name] = ["There is no filter of this name."]
        continue
      }
      if let sentence = parameter.schema.fault(ofText: text) { errors[name, default: []].append(sentence) }
    }
    if !errors.isEmpty { throw Problem(400, "Some filters were not understood.", errors: errors) }
    guard let body, !isSigned else { return }
    if body.isOptional, request.body.isEmpty { return }
    let value = try request.json()
    let faults = body.faults(of: value)
    if let whole = faults[""] { throw Problem(400, whole[0]) }
    if !faults.isEmpty { throw Problem.invalid(faults) }
    request.document = value
  }
}
