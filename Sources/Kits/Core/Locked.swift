public import Glibc

/// A value behind a lock, for the few places where threads meet.
///
/// A pthread mutex rather than `Synchronization.Mutex`: ThreadSanitizer does not see the latter's futex and reports
/// races that are none.
///
/// A closure is kept in a struct, never as the value itself: through the generic `inout` each look at it would wrap it once
/// more, and calling it would walk through all wrappings.
///
/// Inlinable, so that other modules' callers get it made for their `Value`: it stands on the way of every request. And so
/// public: of what is `package`, compilers show other modules no insides, whatever is said of it.
public final class Locked<Value>: @unchecked Sendable {
  @usableFromInline var value: Value
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

  package init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` alone. Keep it short; never wait inside.
  @inlinable public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
