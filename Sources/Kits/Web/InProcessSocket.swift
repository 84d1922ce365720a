import Core
package import Loop
import Synchronization

/// A WebSocket without a port: the other end is the test. It goes through the same middle as a real one.
package final class InProcessSocket: Sendable, SocketOutput {
  private struct State {
    var sent: [String] = []
    var taken = 0
    var waiting: [CheckedContinuation<String?, Never>] = []
    var closed: (CloseCode, String)?
    /// The call that runs, or the last one that did: the next waits for it.
    var last: Task<Void, Never>?
  }

  private static let numbers = Atomic<Int>(1 << 40)

  private let state = Locked(State())
  private let loop: Loop
  private let conversation: (any Conversation)?
  private let end = Locked<Socket?>(nil)

  fileprivate init(_ loop: Loop, _ conversation: (any Conversation)?, _ identity: Identity?) {
    self.loop = loop
    self.conversation = conversation
    let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    if conversation != nil { end.withLock { $0 = Socket(id: number, loop: loop, identity: identity, output: self) } }
  }

  /// One call of the conversation after another, on the loop.
  private func perform(_ work: @escaping @Sendable () async -> Void) async {
    let task = state.withLock { state in
      let previous = state.last
      let task = Task(executorPreference: loop) {
        await previous?.value
        await work()
      }
      state.last = task
      return task
    }
    await task.value
  }

  /// Says something as the client, and waits until the conversation has dealt with it.
  package func send(_ text: String) async {
    guard let conversation, let socket = end.withLock({ $0 }), socket.isOpen else { return }
    await perform {
      if !conversation.hears(text, on: socket) { await conversation.received(text, on: socket) }
    }
  }

  /// The next text from the server; waits for it. Nothing once it is closed.
  package func next() async -> String? {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        if state.taken < state.sent.count {
          state.taken += 1
          continuation.resume(returning: state.sent[state.taken - 1])
        } else if state.closed != nil {
          continuation.resume(returning: nil)
        } else {
          state.waiting.append(continuation)
        }
      }
    }
  }

  /// All that was sent so far.
  package var sent: [String] { state.withLock { $0.sent } }

  /// The code it was closed with, by either side.
  package var closeCode: CloseCode? { state.withLock { $0.closed?.0 } }

  /// Leaves, as a client does.
  package func close() async { await finish(.normal, "") }

  fileprivate func open() async {
    guard let conversation, let socket = end.withLock({ $0 }) else { return }
    await perform { await conversation.opened(socket) }
  }

  func deliver(_ message: SocketMessage) {
    state.withLock { state in
      guard state.closed == nil else { return }
      state.sent.append(message.text)
      guard !state.waiting.isEmpty else { return }
      state.taken += 1
      state.waiting.removeFirst().resume(returning: message.text)
    }
  }

  func finish(_ code: CloseCode, _ reason: String) {
    Task(executorPreference: loop) { [self] in await finish(code, reason) }
  }

  private func finish(_ code: CloseCode, _ reason: String) async {
    let waiting = state.withLock { state -> [CheckedContinuation<String?, Never>]? in
      guard state.closed == nil else { return nil }
      state.closed = (code, reason)
      defer { state.waiting = [] }
      return state.waiting
    }
    guard let waiting else { return }
    for continuation in waiting { continuation.resume(returning: nil) }
    guard let conversation, let socket = end.withLock({ $0 }) else { return }
    await perform {
      socket.end()
      await conversation.closed(socket)
    }
    end.withLock { $0 = nil }
  }
}

extension RouteTable {
  /// Opens the socket route of the request. A refusal shows as ``InProcessSocket/closeCode``, as a browser would see it;
  /// 4404 when there is no such route.
  package func connect(_ request: Request, on loop: Loop) async -> InProcessSocket {
    func refused(_ code: CloseCode) async -> InProcessSocket {
      let socket = InProcessSocket(loop, nil, nil)
      await socket.close(code)
      return socket
    }
    guard case .route(let match) = find(request.segments, .get), case .converse = match.call else {
      return await refused(.noRoom)
    }
    switch await converse(request, match) {
    case .talk(let conversation, let identity):
      let socket = InProcessSocket(loop, conversation, identity)
      await socket.open()
      return socket
    case .close(let code, _): return await refused(code)
    case .refuse: return await refused(.noRight)
    }
  }
}

extension InProcessSocket {
  fileprivate func close(_ code: CloseCode) async { await finish(code, code.name) }
}
