import Core

// Bodies that are made while they are sent: exports, whose size nobody knows and which fit no memory. The handler's
// closure writes; the loop takes what is there whenever the connection can hold more. What is written and not yet taken
// is bounded, so a slow reader slows the writer and not the house.

/// A body that is made while it is sent.
package struct StreamedBody: Sendable {
  /// From the head to the last byte; then the connection is cut and the writer cancelled.
  let deadline: Duration
  let write: @Sendable (BodyWriter) async throws -> Void
}

extension Response {
  /// An answer whose body `write` makes while it is sent.
  ///
  /// `write` runs on the request's loop after the head has gone: what can be refused must be refused before. When it
  /// throws, the connection is cut in the middle, so that the client knows it has not got all. It is cancelled when the
  /// client leaves, at the `deadline` (for the whole body, absolute), and when the server stops. A `HEAD` never runs it.
  package static func stream(
    _ status: Int = 200, type: String, within deadline: Duration = .minutes(10),
    _ write: @escaping @Sendable (BodyWriter) async throws -> Void
  ) -> Response {
    Response(status, headers: [("content-type", type)], body: .stream(StreamedBody(deadline: deadline, write: write)))
  }

  /// The same for chunks that come by themselves.
  package static func stream<Chunks: AsyncSequence & Sendable>(
    _ status: Int = 200, type: String, within deadline: Duration = .minutes(10), chunks: Chunks
  ) -> Response where Chunks.Element == [UInt8] {
    .stream(status, type: type, within: deadline) { writer in
      for try await chunk in chunks { try await writer.send(chunk) }
    }
  }

  /// Names the file that the answer is to be saved as.
  package func saved(as name: String) -> Response { with(header: "content-disposition", Self.disposition(name)) }
}

/// Where a streamed body is written to. For one task at a time.
package final class BodyWriter: Sendable {
  enum Outcome: Sendable { case whole, broken }

  /// What the connection gets of what was written.
  enum Piece: Equatable {
    case bytes(Int)
    /// Nothing yet; the connection is to be woken by ``onMore``.
    case wait
    case end
    case cut
  }

  private struct State {
    var chunks: [[UInt8]] = []
    /// How much of the first chunk has been taken.
    var taken = 0
    var count = 0
    var outcome: Outcome?
    var isCancelled = false
    var isReaderWaiting = false
    var writer: CheckedContinuation<Void, any Error>?
  }

  private let mark: Int
  private let onMore: @Sendable () -> Void
  private let state = Locked(State())

  /// `mark`: bytes above which a writer waits. `onMore` is called, from anywhere, when a reader who was told to wait
  /// may come again.
  init(mark: Int = 128 << 10, onMore: @escaping @Sendable () -> Void = {}) {
    self.mark = mark
    self.onMore = onMore
  }

  /// Hands bytes on, and waits while the client is behind. Throws `CancellationError` when nobody reads any more.
  package func send(_ bytes: [UInt8]) async throws {
    if bytes.isEmpty { return }
    let wakes = try state.withLock { state in
      if state.isCancelled || state.outcome != nil { throw CancellationError() }
      state.chunks.append(bytes)
      state.count += bytes.count
      defer { state.isReaderWaiting = false }
      return state.isReaderWaiting
    }
    if wakes { onMore() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let verdict: Result<Void, any Error>? = state.withLock { state in
          if state.isCancelled || state.outcome != nil { return .failure(CancellationError()) }
          if state.count <= mark { return .success(()) }
          state.writer = continuation
          return nil
        }
        if let verdict { continuation.resume(with: verdict) }
      }
    } onCancel: {
      let writer = state.withLock { state in
        state.isCancelled = true
        defer { state.writer = nil }
        return state.writer
      }
      writer?.resume(throwing: CancellationError())
    }
  }

  package func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  // MARK: The house's side

  /// No more comes. A broken body is cut, without the bytes that still wait.
  func finish(_ outcome: Outcome) {
    let (writer, wakes) = state.withLock { state in
      if state.outcome == nil { state.outcome = outcome }
      defer {
        state.writer = nil
        state.isReaderWaiting = false
      }
      return (state.writer, state.isReaderWaiting)
    }
    writer?.resume(throwing: CancellationError())
    if wakes { onMore() }
  }

  /// Moves what is there into the buffer.
  func take(into buffer: UnsafeMutableRawBufferPointer) -> Piece {
    let (piece, writer) = state.withLock { state -> (Piece, CheckedContinuation<Void, any Error>?) in
      if state.outcome == .broken { return (.cut, nil) }
      guard state.count > 0 else {
        if state.outcome == .whole { return (.end, nil) }
        state.isReaderWaiting = true
        return (.wait, nil)
      }
      var filled = 0
      var done = 0
      while filled < buffer.count, done < state.chunks.count {
        let chunk = state.chunks[done]
        let count = min(buffer.count - filled, chunk.count - state.taken)
        chunk.withUnsafeBytes {
          buffer.baseAddress!.advanced(by: filled).copyMemory(from: $0.baseAddress! + state.taken, byteCount: count)
        }
        filled += count
        state.taken += count
        if state.taken == chunk.count {
          state.taken = 0
          done += 1
        }
      }
      state.chunks.removeFirst(done)
      state.count -= filled
      guard state.count <= mark else { return (.bytes(filled), nil) }
      defer { state.writer = nil }
      return (.bytes(filled), state.writer)
    }
    writer?.resume()
    return piece
  }

  /// The whole body in memory, for a request that is answered without a connection.
  static func collect(_ body: StreamedBody) async throws -> [UInt8] {
    let writer = BodyWriter(mark: .max)
    try await body.write(writer)
    return writer.state.withLock { Array($0.chunks.joined()) }
  }
}
