import Core
package import Loop
package import Web

// Topics across the loops of a process. Joining, leaving and publishing go through one lock, which decides their
// order, into one queue per loop; each loop empties its own. So every receiver of a topic sees the same messages in the
// same order, and whoever joined before a message was published gets it. A message is framed once for all sockets.

/// Rooms and topics: what is published reaches every socket that joined and every subscriber, in the same order
/// everywhere. Between nodes a ``BusRelay`` carries it on.
package final class Bus: Sendable {
  /// Receivers served in one go, about half a millisecond. A larger room is served over several turns of the loop, and
  /// whatever else is ready comes between.
  static let slice = 100

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
    relay?.receive(
      { [weak self] topic, text in self?.deliver(topic, text) },
      missed: { [weak self] in self?.missed() })
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
    guard let members = state.withLock({ $0.topics[topic]?.members }) else { return 0 }
    // Framed once for all sockets, here and not under the lock. One that joins just now finds it unframed.
    let message = members > 0 ? SocketMessage(text) : nil
    return state.withLock { state in
      guard state.topics[topic] != nil else { return 0 }
      state.topics[topic]!.sequence += 1
      for (shard, count) in zip(shards, state.topics[topic]!.perLoop) where count > 0 {
        shard.put(.message(topic, text, message))
      }
      return state.topics[topic]!.sequence
    }
  }

  /// What other nodes said for a while was not heard. Sockets that joined are closed with 1001, so that they come back
  /// and catch up; subscribers are told.
  private func missed() {
    state.withLock { _ in for shard in shards { shard.put(.missed) } }
  }

  /// From now on the socket gets what is published, until it leaves or ends. Joining twice is joining once.
  package func join(_ topic: String, _ socket: Socket) {
    let at = index(of: socket.loop)
    let isFirst = state.withLock { state in
      let isFirst = state.joined[socket.id] == nil
      guard state.joined[socket.id, default: []].insert(topic).inserted else { return isFirst }
      enter(topic, at, &state)
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

  private func enter(_ topic: String, _ at: Int, _ state: inout State) {
    if state.topics[topic] == nil {
      state.topics[topic] = Presence(perLoop: Array(repeating: 0, count: shards.count))
      relay?.opened(topic)
    }
    state.topics[topic]!.perLoop[at] += 1
  }

  private func release(_ topic: String, _ at: Int, _ state: inout State) {
    state.topics[topic]?.perLoop[at] -= 1
    guard state.topics[topic]?.isEmpty == true else { return }
    state.topics[topic] = nil
    relay?.closed(topic)
  }

  /// How many sockets of this node have joined.
  package func members(_ topic: String) -> Int { state.withLock { $0.topics[topic]?.members ?? 0 } }

  /// Calls `action` with each message, in order, on one loop (the caller's, if it runs on one), until the subscription
  /// is cancelled or let go. `missed` is called there when messages of other nodes may have been lost.
  package func subscribe(
    _ topic: String, missed: @escaping @Sendable () -> Void = {}, _ action: @escaping @Sendable (String) -> Void
  ) -> BusSubscription {
    let at = Loop.current.flatMap { loop in shards.firstIndex { $0.loop === loop } } ?? 0
    let number = numbers.withLock { number in
      number += 1
      return number
    }
    state.withLock { state in
      enter(topic, at, &state)
      shards[at].put(.subscribe(topic, Subscriber(number: number, action: action, missed: missed)))
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

/// Carries messages between the nodes that serve one site. None of its functions may wait, nor call back into the bus.
package protocol BusRelay: AnyObject, Sendable {
  /// Tells the other nodes. Must not give the message back to this one.
  func forward(_ topic: String, _ text: String)
  /// Called once, at the beginning. `deliver` takes what other nodes said, from any thread; `missed` says that some of it
  /// may have been lost, because the link between the nodes was down.
  func receive(
    _ deliver: @escaping @Sendable (_ topic: String, _ text: String) -> Void,
    missed: @escaping @Sendable () -> Void)
  /// The topic has its first receiver on this node. In order with ``closed(_:)``.
  func opened(_ topic: String)
  /// The last one has gone.
  func closed(_ topic: String)
}

extension Socket {
  /// See ``Bus/join(_:_:)``.
  package func join(_ topic: String, on bus: Bus) { bus.join(topic, self) }
  package func leave(_ topic: String, on bus: Bus) { bus.leave(topic, self) }
}

/// One loop's part of the bus. `put` is called under the bus's lock, from any thread; the rest on the loop.
private final class Shard: @unchecked Sendable {
  enum Entry: Sendable {
    case message(String, String, SocketMessage?)
    case join(String, Socket)
    case leave(String, Int)
    case subscribe(String, Subscriber)
    case unsubscribe(String, Int)
    case missed
  }

  private enum Receiver {
    case socket(Socket)
    case subscriber(Subscriber)

    /// Subscribers are counted from one and sockets too: the sign tells them apart.
    var id: Int {
      switch self {
      case .socket(let socket): socket.id
      case .subscriber(let subscriber): -subscriber.number
      }
    }

    func take(_ news: News) {
      switch (self, news) {
      case (.socket(let socket), .said(_, let message?)): socket.send(message)
      case (.socket(let socket), .said(let text, nil)): socket.send(text)
      case (.socket(let socket), .missed): socket.close(.goingAway)
      case (.subscriber(let subscriber), .said(let text, _)): subscriber.action(text)
      case (.subscriber(let subscriber), .missed): subscriber.missed()
      }
    }
  }

  private enum News {
    case said(String, SocketMessage?)
    /// Some that other nodes said were not heard.
    case missed
  }

  /// Who receives a topic on this loop.
  private struct Room {
    var receivers: [Receiver] = []
    var places: [Int: Int] = [:]
    /// Messages of which not everybody has been served yet, with those who are to get them; the first is under way.
    var backlog: [(news: News, receivers: [Receiver])] = []
    var served = 0

    mutating func add(_ receiver: Receiver) {
      places[receiver.id] = receivers.count
      receivers.append(receiver)
    }

    mutating func remove(_ id: Int) {
      guard let place = places.removeValue(forKey: id) else { return }
      let last = receivers.removeLast()
      guard last.id != id else { return }
      receivers[place] = last
      places[last.id] = place
    }

    var isEmpty: Bool { receivers.isEmpty && backlog.isEmpty }
  }

  let loop: Loop
  private let inbox = Locked<[Entry]>([])
  private var rooms: [String: Room] = [:]
  /// Rooms with a backlog, each once; the first gets the next slice, and then goes to the end.
  private var behind: [String] = []

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
      case .message(let topic, let text, let message): deliver(.said(text, message), to: topic)
      case .join(let topic, let socket): rooms[topic, default: Room()].add(.socket(socket))
      case .leave(let topic, let id): leave(topic, id)
      case .subscribe(let topic, let subscriber): rooms[topic, default: Room()].add(.subscriber(subscriber))
      case .unsubscribe(let topic, let number): leave(topic, -number)
      case .missed: for topic in rooms.keys { put(.missed, behind: topic) }
      }
    }
  }

  private func leave(_ topic: String, _ id: Int) {
    rooms[topic]?.remove(id)
    tidy(topic)
  }

  private func tidy(_ topic: String) {
    if rooms[topic]?.isEmpty == true { rooms[topic] = nil }
  }

  private func deliver(_ news: News, to topic: String) {
    guard let room = rooms[topic] else { return }
    guard room.backlog.isEmpty, room.receivers.count <= Bus.slice else { return put(news, behind: topic) }
    for receiver in room.receivers { receiver.take(news) }
  }

  private func put(_ news: News, behind topic: String) {
    guard let room = rooms[topic] else { return }
    rooms[topic]!.backlog.append((news, room.receivers))
    guard room.backlog.isEmpty else { return }
    behind.append(topic)
    if behind.count == 1 { loop.postNextTurn { [self] in serve() } }
  }

  /// One slice for the room whose turn it is; whoever left meanwhile is passed over. One slice a turn, however many rooms
  /// are behind.
  private func serve() {
    let topic = behind.removeFirst()
    if let first = rooms[topic]?.backlog.first, let start = rooms[topic]?.served {
      let end = min(start + Bus.slice, first.receivers.count)
      for receiver in first.receivers[start..<end] where rooms[topic]?.places[receiver.id] != nil {
        receiver.take(first.news)
      }
      rooms[topic]?.served = end
      if end == first.receivers.count {
        rooms[topic]?.backlog.removeFirst()
        rooms[topic]?.served = 0
      }
      if rooms[topic]?.backlog.isEmpty == false { behind.append(topic) } else { tidy(topic) }
    }
    if !behind.isEmpty { loop.postNextTurn { [self] in serve() } }
  }
}

private struct Subscriber: Sendable {
  let number: Int
  let action: @Sendable (String) -> Void
  let missed: @Sendable () -> Void
}
