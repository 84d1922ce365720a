/// The outcomes any feature may report outward. `Web` alone turns them into pages and problem documents; whatever
/// else is thrown is logged under the request's id and shown as an apology.
package enum Failure: Error, Equatable, Sendable {
  /// There is no such thing, or the viewer may not know of it: the two are not told apart.
  case notFound
  /// The viewer is known and may not do this.
  case forbidden
  /// Somebody else was first. The sentence says what happened and is shown as it stands.
  case conflict(String)
  /// Something we stand on does not answer; trying again later may help.
  case unavailable
}
