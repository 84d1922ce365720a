package import Core
package import Loop

// What one node says, all others hear once, in the order it was said; whatever carries it.
//
// A node numbers what it says from one; its name is new at every start. Carriers may lose, repeat and change under way: a
// Redis dies, PostgreSQL takes over, Redis comes back. After each failure and each change the sender says again what it
// said in the last seconds, in order, and a hearer passes over every number that is not higher than the last one it
// heard from that node. So a message is lost only when no carrier worked for longer than `patience`, or a hearer was
// cut off for longer than `memory`; and it is never heard twice.

/// A way for words from one node to the others.
package struct Carrier: Sendable {
  /// How it is called in the log.
  let name: String
  /// Bytes of one text; longer ones are sent in pieces. Such a carrier cannot carry the character NUL either.
  let limit: Int?
  /// Sends all, in order. Throws when it is not sure that all went.
  let send: @Sendable ([String]) async throws -> Void
  /// Called once. `heard` takes every text of every node, this one's too; `missed` when some may have been lost. Returns
  /// when it listens, or never.
  let receive:
    @Sendable (_ missed: @escaping @Sendable () -> Void, _ heard: @escaping @Sendable (String) -> Void) async -> Void

  package init(
    _ name: String, limit: Int? = nil, send: @escaping @Sendable ([String]) async throws -> Void,
    receive:
      @escaping @Sendable (_ missed: @escaping @Sendable () -> Void, _ heard: @escaping @Sendable (String) -> Void)
      async -> Void
  ) {
    self.name = name
    self.limit = limit
    self.send = send
    self.receive = receive
  }
}

/// Joins the buses of the nodes that serve one site. Carriers are tried in their order, at every batch anew, so that the
/// first one is used again as soon as it works.
package final class NodeRelay: BusRelay {
  package struct Figures: Sendable {
    package var sent = 0
    package var heard = 0
    /// Came again, and were passed over.
    package var repeated = 0
    /// Given up, because nothing carried them for too long.
    package var lost = 0
    /// Which carrier was last used; nothing when none works, or before the first message.
    package var carrier: String?
    package var isCut = false
  }

  /// How long unsent messages wait for a carrier.
  static let patience = Duration.seconds(60)
  /// How long sent ones are kept to be said again.
  static let memory = Duration.seconds(15)
  private static let mostWaiting = 10_000
  private static let mostRemembered = 1_000
  private static let batch = 256

  private struct Said: Sendable {
    let number: Int
    /// Not the wall's time: that may be set.
    let at: ContinuousClock.Instant
    let text: String
  }

  private struct Mouth {
    var number = 0
    var waiting: [Said] = []
    var remembered: [Said] = []
    var isPumping = false
    /// Who carried the last batch without fault; nothing makes the next one begin with what is remembered.
    var current: Int?
    /// How often we were asked to say again.
    var requests = 0
    var isClosed = false
  }

  private struct Ear {
    var last: [String: Int] = [:]
    var pieces: [String: (number: Int, texts: [String])] = [:]
    var deliver: (@Sendable (String, String) -> Void)?
    var missed: (@Sendable () -> Void)?
  }

  /// This node, in what it says.
  let node: String
  private let carriers: [Carrier]
  private let loop: Loop
  private let log: Log
  private let mouth = Locked(Mouth())
  private let ear = Locked(Ear())
  private let numbers = Locked(Figures())

  package init(carriers: [Carrier], loop: Loop, log: Log) {
    precondition(!carriers.isEmpty)
    var random = SystemRandomNumberGenerator()
    node = String(random.next(), radix: 36)
    self.carriers = carriers
    self.loop = loop
    self.log = log
  }

  package var figures: Figures { numbers.withLock { $0 } }

  /// Begins to hear. After the bus was made.
  package func start() {
    for carrier in carriers {
      Task(executorPreference: loop) { [weak self] in
        await carrier.receive({ [weak self] in self?.ask() }, { [weak self] in self?.hear($0) })
      }
    }
  }

  /// Says nothing more.
  package func close() { mouth.withLock { $0.isClosed = true } }

  // MARK: Saying

  package func forward(_ topic: String, _ text: String) { say(topic + "\n" + text) }

  private func say(_ words: String) {
    let isFirst = mouth.withLock { mouth in
      guard !mouth.isClosed else { return false }
      mouth.number += 1
      mouth.waiting.append(Said(number: mouth.number, at: ContinuousClock.now, text: words))
      if mouth.waiting.count > Self.mostWaiting {
        mouth.waiting.removeFirst()
        numbers.withLock { $0.lost += 1 }
      }
      return begin(&mouth)
    }
    if isFirst { pump() }
  }

  private func begin(_ mouth: inout Mouth) -> Bool {
    defer { mouth.isPumping = true }
    return !mouth.isPumping
  }

  /// Asks everybody to say again what they said lately.
  private func ask() { say("?\n") }

  /// Says again what was said lately.
  private func repeatAll() {
    let isFirst = mouth.withLock { mouth in
      mouth.current = nil
      mouth.requests += 1
      return begin(&mouth)
    }
    if isFirst { pump() }
  }

  private func pump() {
    Task(executorPreference: loop) { [self] in
      var pause = 50
      while true {
        guard let (batch, current, requests) = next() else { return }
        if await carry(batch, after: current, requests) {
          pause = 50
        } else {
          try? await loop.sleep(.milliseconds(Int.random(in: pause / 2...pause)))
          pause = min(pause * 2, 1000)
        }
      }
    }
  }

  /// The next messages, which stay where they are until they are carried; ends the pump when there are none.
  private func next() -> ([Said], Int?, Int)? {
    let now = ContinuousClock.now
    return mouth.withLock { mouth in
      let fresh = mouth.waiting.firstIndex { now - $0.at < Self.patience } ?? mouth.waiting.count
      if fresh > 0 {
        mouth.waiting.removeFirst(fresh)
        numbers.withLock { $0.lost += fresh }
      }
      mouth.remembered.removeAll { now - $0.at > Self.memory }
      let batch = Array(mouth.waiting.prefix(Self.batch))
      if mouth.isClosed || (batch.isEmpty && (mouth.current != nil || mouth.remembered.isEmpty)) {
        mouth.isPumping = false
        return nil
      }
      return (batch, mouth.current, mouth.requests)
    }
  }

  private func carry(_ batch: [Said], after current: Int?, _ requests: Int) async -> Bool {
    for (index, carrier) in carriers.enumerated() {
      var said = batch
      if index != current { said = mouth.withLock { $0.remembered } + said }
      do {
        if !said.isEmpty { try await carrier.send(said.flatMap { encoded($0, carrier) }) }
      } catch {
        if index == current { mouth.withLock { $0.current = nil } }
        continue
      }
      mouth.withLock { mouth in
        // Asked to repeat meanwhile: then not everybody heard what was said before.
        if mouth.requests == requests { mouth.current = index }
        // Nothing but this pump takes from the front, except when the queue overflowed.
        let last = batch.last?.number ?? 0
        mouth.waiting.removeFirst(mouth.waiting.firstIndex { $0.number > last } ?? mouth.waiting.count)
        mouth.remembered = Array((mouth.remembered + batch).suffix(Self.mostRemembered))
      }
      numbers.withLock { $0.sent += batch.count }
      tell(carrier.name)
      return true
    }
    tell(nil)
    return false
  }

  /// Once a change, not once a message.
  private func tell(_ carrier: String?) {
    let (before, wasCut) = numbers.withLock { figures in
      defer {
        if let carrier { figures.carrier = carrier }
        figures.isCut = carrier == nil
      }
      return (figures.carrier, figures.isCut)
    }
    if let carrier, carrier != before || wasCut { log.info("bus.carried_by", ["carrier": .text(carrier)]) }
    if carrier == nil, !wasCut { log.warning("bus.alone", ["last": .text(before ?? "")]) }
  }

  // MARK: The wire

  /// `<node> <number> <topic>␊<text>`, or in pieces `<node> <number>/<piece>/<of> …`.
  private func encoded(_ said: Said, _ carrier: Carrier) -> [String] {
    guard let limit = carrier.limit else { return ["\(node) \(said.number) \(said.text)"] }
    var text = said.text
    if text.utf8.contains(0) { text = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 })) }
    let room = limit - 64
    guard text.utf8.count > room else { return ["\(node) \(said.number) \(text)"] }
    var pieces: [Substring] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      var end = rest.utf8.index(rest.startIndex, offsetBy: room, limitedBy: rest.endIndex) ?? rest.endIndex
      while end > rest.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
        end = rest.utf8.index(before: end)
      }
      pieces.append(rest[..<end])
      rest = rest[end...]
    }
    return pieces.enumerated().map { "\(node) \(said.number)/\($0)/\(pieces.count) \($1)" }
  }

  /// Under the lock, so that what one carrier brings and what another does keep their order.
  private func hear(_ frame: String) {
    // By bytes: a piece may begin with what joins the space before it into one character.
    let bytes = frame.utf8
    guard let first = bytes.firstIndex(of: 32), let second = bytes[bytes.index(after: first)...].firstIndex(of: 32),
      frame[..<first] != node
    else { return }
    let from = String(frame[..<first])
    let place = frame[bytes.index(after: first)..<second].split(separator: "/")
    guard let number = place.first.flatMap({ Int($0) }) else { return }
    let rest = String(frame[bytes.index(after: second)...])
    let (isRequest, missed): (Bool, (@Sendable () -> Void)?) = ear.withLock { ear in
      let skips = ear.last[from].map { number > $0 + 1 } ?? false
      guard number > ear.last[from] ?? 0 else {
        numbers.withLock { $0.repeated += 1 }
        return (false, nil)
      }
      var words = rest
      if place.count == 3, let at = Int(place[1]), let count = Int(place[2]) {
        var texts = ear.pieces[from].flatMap { $0.number == number ? $0.texts : nil } ?? []
        // A piece out of turn: the beginning was missed, or it begins again.
        if at == 0 { texts = [] }
        guard at == texts.count else { return (false, nil) }
        texts.append(words)
        ear.pieces[from] = (number, texts)
        guard texts.count == count else { return (false, nil) }
        ear.pieces[from] = nil
        words = texts.joined()
      }
      // Names change at every start of a node; those of long ago need not be known.
      if ear.last.count > 1_000 { ear.last.removeAll() }
      ear.last[from] = number
      numbers.withLock { $0.heard += 1 }
      // Whoever said it gave something up, or it was cut off for longer than others remember.
      let missed = skips ? ear.missed : nil
      guard let line = words.unicodeScalars.firstIndex(of: "\n") else { return (false, missed) }
      let topic = String(words.unicodeScalars[..<line])
      if topic == "?" { return (true, missed) }
      ear.deliver?(topic, String(words.unicodeScalars[words.unicodeScalars.index(after: line)...]))
      return (false, missed)
    }
    missed?()
    if isRequest { repeatAll() }
  }

  package func receive(
    _ deliver: @escaping @Sendable (_ topic: String, _ text: String) -> Void,
    missed: @escaping @Sendable () -> Void
  ) {
    ear.withLock {
      $0.deliver = deliver
      $0.missed = missed
    }
  }

  // Every node hears everything: a subscription of each topic would be under way while the first messages pass.
  package func opened(_ topic: String) {}
  package func closed(_ topic: String) {}
}
