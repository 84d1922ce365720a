import Core
package import Loop
package import Web

// Topics across the loops of a process. Joining, leaving and publishing go through one lock, which decides their
// order, into one queue per loop; each loop empties its own. So every receiver of a topic sees the same messages in the
// same order, and whoever joined before a message was published gets it. A message is framed once for all receivers.

/// Rooms and topics: what is published reaches every socket that joined and every subscriber, in the same order
/// everywhere. Between nodes a ``BusRelay`` carries it on.
package final class Bus: Sendable {
  /// Sockets served in one go; a larger room gives way to other work of the loop between slices.
  static let slice = 500

  private struct State {
    var topics: [String: Presence] = [:]
    var joined: [Int: Set<String>] = [:]
  }

  private struct Presence {
    /// Receivers on each loop: sockets and subscribers.
    var perLoop: [Int]
    var members = 0
    var sequence = 0
    var isEmpty: Bool { perLoop.allSatisfy { $0 == 0 } }
  }

  private let shards: [Shard]
  private let state = Locked(State())
  private let numbers = Locked(0)
  private let relay: (any BusRelay)?

  package init(loops: LoopGroup, relay: (any BusRelay)? = nil) {
    shards = loops.loops.map(Shard.init)
    self.relay = relay
    relay?.receive { [weak self] topic, text in self?.deliver(topic, text) }
  }

  /// Sends to all who joined or subscribed, here and on other nodes. Answers the message's number on this node, which
  /// counts from one while the topic has receivers; 0 when there are none.
  @discardableResult
  package func publish(_ topic: String, _ text: String) -> Int {
    relay?.forward(topic, text)
    return deliver(topic, text)
  }

  @discardableResult
  private func deliver(_ topic: String, _ text: String) -> Int {
    guard state.withLock({ $0.topics[topic] != nil }) else { return 0 }
    let message = SocketMessage(text)
    return state.withLock { state in
      guard state.topics[topic] != nil else { return 0 }
      state.topics[topic]!.sequence += 1
      for (shard, count) in zip(shards, state.topics[topic]!.perLoop) where count > 0 {
        shard.put(.message(topic, message))
      }
      return state.topics[topic]!.sequence
    }
  }

  /// From now on the socket gets what is published, until it leaves or ends. Joining twice is joining once.
  package func join(_ topic: String, _ socket: Socket) {
    let at = index(of: socket.loop)
    let isFirst = state.withLock { state in
      let isFirst = state.joined[socket.id] == nil
      guard state.joined[socket.id, default: []].insert(topic).inserted else { return isFirst }
      state.topics[topic, default: Presence(perLoop: Array(repeating: 0, count: shards.count))].perLoop[at] += 1
      state.topics[topic]!.members += 1
      shards[at].put(.join(topic, socket))
      return isFirst
    }
    if isFirst { socket.whenEnded { [weak self, weak socket] in if let socket { self?.leaveAll(socket) } } }
  }

  package func leave(_ topic: String, _ socket: Socket) {
    state.withLock { state in
      guard state.joined[socket.id]?.remove(topic) != nil else { return }
      forget(topic, socket, &state)
    }
  }

  private func leaveAll(_ socket: Socket) {
    state.withLock { state in
      for topic in state.joined.removeValue(forKey: socket.id) ?? [] { forget(topic, socket, &state) }
    }
  }

  private func forget(_ topic: String, _ socket: Socket, _ state: inout State) {
    let at = index(of: socket.loop)
    shards[at].put(.leave(topic, socket.id))
    state.topics[topic]?.members -= 1
    release(topic, at, &state)
  }

  private func release(_ topic: String, _ at: Int, _ state: inout State) {
    state.topics[topic]?.perLoop[at] -= 1
    if state.topics[topic]?.isEmpty == true { state.topics[topic] = nil }
  }

  /// How many sockets of this node have joined.
  package func members(_ topic: String) -> Int { state.withLock { $0.topics[topic]?.members ?? 0 } }

  /// Calls `action` with each message, in order, on one loop (the caller's, if it runs on one), until the subscription
  /// is cancelled or let go.
  package func subscribe(_ topic: String, _ action: @escaping @Sendable (String) -> Void) -> BusSubscription {
    let at = Loop.current.flatMap { loop in shards.firstIndex { $0.loop === loop } } ?? 0
    let number = numbers.withLock { number in
      number += 1
      return number
    }
    state.withLock { state in
      state.topics[topic, default: Presence(perLoop: Array(repeating: 0, count: shards.count))].perLoop[at] += 1
      shards[at].put(.subscribe(topic, number, action))
    }
    return BusSubscription { [weak self] in
      guard let self else { return }
      self.state.withLock { state in
        self.shards[at].put(.unsubscribe(topic, number))
        self.release(topic, at, &state)
      }
    }
  }

  private func index(of loop: Loop) -> Int {
    guard let at = shards.firstIndex(where: { $0.loop === loop }) else {
      preconditionFailure("the socket lives on a foreign loop")
    }
    return at
  }
}

/// Holds a subscription; letting go ends it.
package final class BusSubscription: Sendable {
  private let end: Locked<(@Sendable () -> Void)?>

  init(_ end: @escaping @Sendable () -> Void) { self.end = Locked(end) }

  deinit { cancel() }

  package func cancel() {
    let action = end.withLock { end in
      defer { end = nil }
      return end
    }
    action?()
  }
}

/// Carries messages between the nodes that serve one site.
package protocol BusRelay: AnyObject, Sendable {
  /// Tells the other nodes. Must not wait, and must not give the message back to this one.
  func forward(_ topic: String, _ text: String)
  /// Called once: `deliver` takes what other nodes said, from any thread.
  func receive(_ deliver: @escaping @Sendable (_ topic: String, _ text: String) -> Void)
}

extension Socket {
  /// See ``Bus/join(_:_:)``.
  package func join(_ topic: String, on bus: Bus) { bus.join(topic, self) }
  package func leave(_ topic: String, on bus: Bus) { bus.leave(topic, self) }
}

/// One loop's part of the bus. `put` is called under the bus's lock, from any thread; the rest on the loop.
private final class Shard: @unchecked Sendable {
  enum Entry: Sendable {
    case message(String, SocketMessage)
    case join(String, Socket)
    case leave(String, Int)
    case subscribe(String, Int, @Sendable (String) -> Void)
    case unsubscribe(String, Int)
  }

  /// Who receives a topic on this loop.
  private struct Room {
    var sockets: [Socket] = []
    var places: [Int: Int] = [:]
    var subscribers: [(number: Int, action: @Sendable (String) -> Void)] = []
    /// Messages of which not everybody has been served yet, with those who are to get them; the first is under way.
    var backlog: [(message: SocketMessage, sockets: [Socket])] = []
    var served = 0

    mutating func add(_ socket: Socket) {
      places[socket.id] = sockets.count
      sockets.append(socket)
    }

    mutating func remove(_ id: Int) {
      guard let place = places.removeValue(forKey: id) else { return }
      let last = sockets.removeLast()
      guard last.id != id else { return }
      sockets[place] = last
      places[last.id] = place
    }

    var isEmpty: Bool { sockets.isEmpty && subscribers.isEmpty && backlog.isEmpty }
  }

  let loop: Loop
  private let inbox = Locked<[Entry]>([])
  private var rooms: [String: Room] = [:]

  init(_ loop: Loop) { self.loop = loop }

  func put(_ entry: Entry) {
    let isFirst = inbox.withLock { inbox in
      inbox.append(entry)
      return inbox.count == 1
    }
    if isFirst { loop.post { [self] in drain() } }
  }

  private func drain() {
    let entries = inbox.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    for entry in entries {
      switch entry {
      case .message(let topic, let message): deliver(topic, message)
      case .join(let topic, let socket): rooms[topic, default: Room()].add(socket)
      case .leave(let topic, let id):
        rooms[topic]?.remove(id)
        tidy(topic)
      case .subscribe(let topic, let number, let action):
        rooms[topic, default: Room()].subscribers.append((number, action))
      case .unsubscribe(let topic, let number):
        rooms[topic]?.subscribers.removeAll { $0.number == number }
        tidy(topic)
      }
    }
  }

  private func tidy(_ topic: String) {
    if rooms[topic]?.isEmpty == true { rooms[topic] = nil }
  }

  private func deliver(_ topic: String, _ message: SocketMessage) {
    guard let room = rooms[topic] else { return }
    for subscriber in room.subscribers { subscriber.action(message.text) }
    if room.backlog.isEmpty, room.sockets.count <= Bus.slice {
      for socket in room.sockets { socket.send(message) }
      return
    }
    rooms[topic]!.backlog.append((message, room.sockets))
    if room.backlog.isEmpty { serve(topic) }
  }

  /// The next slice of the first message; whoever left meanwhile is passed over.
  private func serve(_ topic: String) {
    guard let first = rooms[topic]?.backlog.first, let start = rooms[topic]?.served else { return }
    let end = min(start + Bus.slice, first.sockets.count)
    for socket in first.sockets[start..<end] where rooms[topic]?.places[socket.id] != nil { socket.send(first.message) }
    guard rooms[topic] != nil else { return }
    rooms[topic]!.served = end
    if end == first.sockets.count {
      rooms[topic]!.backlog.removeFirst()
      rooms[topic]!.served = 0
    }
    if rooms[topic]!.backlog.isEmpty { return tidy(topic) }
    loop.post { [self] in serve(topic) }
  }
}
