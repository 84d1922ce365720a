import CHiredis

/// What Redis answered.
package enum RedisReply: Sendable, Equatable {
  case nothing
  case number(Int)
  case text(String)
  case list([RedisReply])
  /// The server refused this command; the others of a batch are not touched by it.
  case refused(String)

  package var text: String? { if case .text(let text) = self { text } else { nil } }
  package var number: Int? { if case .number(let number) = self { number } else { nil } }
  package var list: [RedisReply]? { if case .list(let list) = self { list } else { nil } }

  init(_ reply: UnsafeMutablePointer<redisReply>) {
    let reply = reply.pointee
    switch reply.type {
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .text(Self.string(reply))
    case REDIS_REPLY_ERROR: self = .refused(Self.string(reply))
    case REDIS_REPLY_INTEGER: self = .number(Int(reply.integer))
    case REDIS_REPLY_ARRAY:
      self = .list((0..<reply.elements).compactMap { reply.element[$0].map { RedisReply($0) } })
    default: self = .nothing
    }
  }

  private static func string(_ reply: redisReply) -> String {
    guard let start = reply.str else { return "" }
    return start.withMemoryRebound(to: UInt8.self, capacity: reply.len) {
      String(decoding: UnsafeBufferPointer(start: $0, count: reply.len), as: UTF8.self)
    }
  }
}

/// The server refused a command: a mistake of ours, or a server that is not ready (`LOADING`, `READONLY`, `OOM`).
package struct RedisError: Error, CustomStringConvertible {
  package let description: String
}
