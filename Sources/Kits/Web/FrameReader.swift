import CSystem
import CWslay

/// One of wslay's reading contexts (RFC 6455), which can serve one socket after another: between whole messages it
/// remembers nothing. Touched on its loop's thread only.
final class FrameReader {
  private var context: OpaquePointer?
  /// Whose bytes it reads now; its wire holds it, never the other way round.
  fileprivate unowned(unsafe) var wire: SocketWire!

  fileprivate init() {
    wslay_event_context_server_init(&context, &FrameReader.callbacks, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { wslay_event_context_free(context) }

  fileprivate func serve(_ wire: SocketWire, longest: Int) {
    self.wire = wire
    wslay_event_config_set_max_recv_msg_length(context, UInt64(longest))
  }

  /// Reads what the wire has. False when the stream has ended or memory has.
  func read() -> Bool { wslay_event_recv(context) == 0 }

  /// A pong or a goodbye is to be written.
  var hasAnswers: Bool { wslay_event_want_write(context) != 0 }
  func writeAnswers() -> Bool { wslay_event_send(context) == 0 }

  /// Nothing more is read: the other side said goodbye, or broke the protocol.
  var hasEnded: Bool { wslay_event_get_read_enabled(context) == 0 }
  var heardGoodbye: Bool { wslay_event_get_close_received(context) != 0 }

  private static func wire(_ user: UnsafeMutableRawPointer?) -> SocketWire {
    Unmanaged<FrameReader>.fromOpaque(user!).takeUnretainedValue().wire
  }

  nonisolated(unsafe) private static var callbacks: wslay_event_callbacks = {
    var callbacks = wslay_event_callbacks()
    callbacks.recv_callback = { context, buffer, count, _, user in
      let got = wire(user).receive(buffer!, count)
      if got > 0 { return got }
      wslay_event_set_error(
        context, got == 0 ? Int32(WSLAY_ERR_WOULDBLOCK.rawValue) : Int32(WSLAY_ERR_CALLBACK_FAILURE.rawValue))
      return -1
    }
    callbacks.send_callback = { _, bytes, count, _, user in
      wire(user).answer(UnsafeRawBufferPointer(start: bytes, count: count))
      return count
    }
    callbacks.on_frame_recv_start_callback = { _, argument, user in
      let frame = argument!.pointee
      wire(user).frameBegins(of: Int(frame.payload_length), isControl: frame.opcode & 8 != 0, isLast: frame.fin != 0)
    }
    callbacks.on_frame_recv_end_callback = { _, user in wire(user).frameEnds() }
    callbacks.on_msg_recv_callback = { _, argument, user in
      let message = argument!.pointee
      wire(user).heard(opcode: message.opcode, UnsafeRawBufferPointer(start: message.msg, count: message.msg_length))
    }
    return callbacks
  }()
}

/// A loop's spare readers. Making one costs more than reading a message with it.
struct FrameReaders {
  private static let mostSpare = 16
  private var spare: [FrameReader] = []

  mutating func take(for wire: SocketWire, longest: Int) -> FrameReader {
    let reader = spare.popLast() ?? FrameReader()
    reader.serve(wire, longest: longest)
    return reader
  }

  /// Only one that is between whole messages, of a connection that goes on.
  mutating func giveBack(_ reader: FrameReader) {
    if spare.count < Self.mostSpare { spare.append(reader) }
  }
}
