/// A bounded map of what is dear to make and cheap to lose. It forgets what nobody asked for lately.
///
/// There are two generations. What is put in is young; once the young weigh half of the limit they become the old, and
/// what was old is forgotten. What is found among the old is young again. So every operation is a look-up or two, and
/// what is held never weighs more than the limit, whoever asks for whatever.
///
/// Inlinable (and so public, as ``Locked`` is), so that a look-up hashes its `Key` itself, and does not ask the runtime how.
public final class Memo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline typealias Held = (value: Value, weight: Int)

  @usableFromInline struct Generations {
    @usableFromInline var young: [Key: Held] = [:]
    @usableFromInline var old: [Key: Held] = [:]
    @usableFromInline var youngWeight = 0
    @usableFromInline var oldWeight = 0

    init() {}
  }

  /// In whatever unit the weights are told: entries, or bytes.
  public let limit: Int
  @usableFromInline let generations = Locked(Generations())

  package init(limit: Int) { self.limit = limit }

  /// What is held under the key.
  @inlinable public func find(_ key: Key) -> Value? {
    generations.withLock { held in
      if let found = held.young[key] { return found.value }
      guard let found = held.old.removeValue(forKey: key) else { return nil }
      held.oldWeight -= found.weight
      put(found, under: key, in: &held)
      return found.value
    }
  }

  /// Holds the value, in place of any other of that key. One that weighs more than half the limit is not held.
  @inlinable public func hold(_ value: Value, under key: Key, weight: Int = 1) {
    generations.withLock { held in
      if let before = held.young.removeValue(forKey: key) { held.youngWeight -= before.weight }
      if let before = held.old.removeValue(forKey: key) { held.oldWeight -= before.weight }
      put((value, weight), under: key, in: &held)
    }
  }

  /// What is held, or else what `make` makes, which is then held. Two who ask at once may both make it.
  @inlinable public func value(_ key: Key, weight: Int = 1, make: () -> Value) -> Value {
    if let value = find(key) { return value }
    let value = make()
    hold(value, under: key, weight: weight)
    return value
  }

  package func removeAll() { generations.withLock { $0 = Generations() } }

  /// What everything held weighs together: at most ``limit``.
  package var weight: Int { generations.withLock { $0.youngWeight + $0.oldWeight } }
  package var count: Int { generations.withLock { $0.young.count + $0.old.count } }

  @inlinable func put(_ entry: Held, under key: Key, in held: inout Generations) {
    guard entry.weight <= limit / 2 else { return }
    if held.youngWeight + entry.weight > limit / 2 {
      held.old = held.young
      held.oldWeight = held.youngWeight
      held.young = Dictionary(minimumCapacity: held.old.count)
      held.youngWeight = 0
    }
    held.young[key] = entry
    held.youngWeight += entry.weight
  }
}
