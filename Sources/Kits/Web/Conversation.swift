import Core
package import JSON
package import Loop

/// Whoever talks over one WebSocket. Made by a `routes.socket` handler after it has checked the right to talk.
///
/// The calls come one after another, never at the same time: a message waits until the one before it is dealt with.
/// They run on the socket's loop.
package protocol Conversation: AnyObject, Sendable {
  /// The socket stands; send what the other side needs first.
  func opened(_ socket: Socket) async
  func received(_ text: String, on socket: Socket) async
  /// Asked about each message when its turn has come: deals at once with one that waits for nothing, and says so. What it
  /// does not deal with goes to ``received(_:on:)``.
  func hears(_ text: String, on socket: Socket) -> Bool
  /// Always the last call, once, whoever closed.
  func closed(_ socket: Socket) async
  /// What the other side may do. Read once, at the beginning.
  var limits: SocketLimits { get }
  /// Whether a message counts against the rate; high-rate kinds that are limited otherwise may say no.
  func counts(_ text: String) -> Bool
  /// Sockets with the same home live on one loop, so that what they say to each other changes no thread. Few sockets
  /// should share one. Nothing: they stay where the connection came in.
  var home: String? { get }
}

extension Conversation {
  package var limits: SocketLimits { SocketLimits() }
  package func counts(_ text: String) -> Bool { true }
  package func hears(_ text: String, on socket: Socket) -> Bool { false }
  package var home: String? { nil }
}

/// What one socket may do before it is closed with a named reason.
package struct SocketLimits: Sendable {
  /// Bytes of one message; more closes with 1009.
  package var payload: Int
  /// More closes with 4429.
  package var messagesPerSecond: Int
  /// Bytes that may wait to be sent; more closes with 1008 and the reason `behind`.
  package var queued: Int

  package init(payload: Int = 64 << 10, messagesPerSecond: Int = 50, queued: Int = 1 << 20) {
    self.payload = payload
    self.messagesPerSecond = messagesPerSecond
    self.queued = queued
  }
}

/// Why a socket ends: RFC 6455, 7.4, and the house's own in the range 4000 to 4999.
package struct CloseCode: RawRepresentable, Sendable, Hashable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let normal = CloseCode(rawValue: 1000)
  /// The server goes; come back with a growing, jittered delay.
  package static let goingAway = CloseCode(rawValue: 1001)
  package static let protocolError = CloseCode(rawValue: 1002)
  /// Binary frames, where text is spoken.
  package static let notText = CloseCode(rawValue: 1003)
  package static let behind = CloseCode(rawValue: 1008)
  package static let tooLarge = CloseCode(rawValue: 1009)
  package static let failed = CloseCode(rawValue: 1011)
  /// Too much to do just now; come back with a growing, jittered delay.
  package static let busy = CloseCode(rawValue: 1013)
  package static let noProof = CloseCode(rawValue: 4401)
  package static let noRight = CloseCode(rawValue: 4403)
  package static let noRoom = CloseCode(rawValue: 4404)
  package static let idle = CloseCode(rawValue: 4408)
  package static let takenOver = CloseCode(rawValue: 4409)
  package static let tooFast = CloseCode(rawValue: 4429)

  /// The reason that goes with the code when none is given.
  var name: String {
    switch self {
    case .normal: "done"
    case .goingAway: "going away"
    case .notText: "text only"
    case .behind: "behind"
    case .tooLarge: "too large"
    case .failed: "failed"
    case .busy: "busy"
    case .noProof: "no proof"
    case .noRight: "no right"
    case .noRoom: "no such room"
    case .idle: "idle"
    case .takenOver: "taken over elsewhere"
    case .tooFast: "too fast"
    default: ""
    }
  }
}

/// A text message encoded once, to be sent to any number of sockets.
package struct SocketMessage: Sendable {
  package let text: String
  /// The whole frame (RFC 6455, 5.2), unmasked as servers send.
  let frame: [UInt8]

  package init(_ text: String) {
    self.text = text
    frame = SocketFrame.encode(opcode: 1, text.utf8)
  }
}

/// One end of a WebSocket, or of its stand-in in tests. Any thread may send and close; what one thread sends arrives
/// in that order.
package final class Socket: Sendable {
  /// Tells sockets apart within a process.
  package let id: Int
  /// The loop it lives on.
  package let loop: Loop
  /// Who talks, as proven when it was opened.
  package let identity: Identity?
  private let output: any SocketOutput
  private let state = Locked(State())

  private struct State {
    var isOpen = true
    var farewells: [@Sendable () -> Void] = []
  }

  init(id: Int, loop: Loop, identity: Identity?, output: any SocketOutput) {
    self.id = id
    self.loop = loop
    self.identity = identity
    self.output = output
  }

  /// False from the moment either side has closed.
  package var isOpen: Bool { state.withLock { $0.isOpen } }

  package func send(_ text: String) { send(SocketMessage(text)) }

  package func send(_ message: SocketMessage) {
    if loop.inLoop { return output.deliver(message) }
    loop.post { [output] in output.deliver(message) }
  }

  /// JSON written straight into the message.
  package func send(_ write: (inout JSONWriter) throws -> Void) rethrows { send(try JSONWriter.text(write)) }

  package func send(json value: JSON) { send(value.text) }

  /// Says goodbye with a code; `reason` is at most 123 bytes, and the code's own words when not given.
  package func close(_ code: CloseCode = .normal, _ reason: String = "") {
    let reason = reason.isEmpty ? code.name : reason
    if loop.inLoop { return output.finish(code, reason) }
    loop.post { [output] in output.finish(code, reason) }
  }

  /// Runs `action` once when the socket ends, before `closed` is called, on its loop; at once when it has ended.
  package func whenEnded(_ action: @escaping @Sendable () -> Void) {
    let isOpen = state.withLock { state in
      if state.isOpen { state.farewells.append(action) }
      return state.isOpen
    }
    if !isOpen { action() }
  }

  func end() {
    let actions = state.withLock { state in
      state.isOpen = false
      defer { state.farewells = [] }
      return state.farewells
    }
    for action in actions { action() }
  }
}

/// Where a socket's messages go. Called on its loop only.
protocol SocketOutput: AnyObject, Sendable {
  func deliver(_ message: SocketMessage)
  func finish(_ code: CloseCode, _ reason: String)
}
