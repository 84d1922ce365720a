import Bus
import Core
import JSON
import Postgres
import Site
import Web

/// One open page that hears of new notifications.
///
/// It joins first and looks afterwards: what is told while the past is being read comes twice at most, and the numbers
/// tell. A page that was away says after which number it went on.
final class NotificationChannel: Conversation {
  private struct State {
    var subscription: BusSubscription?
    /// The highest number told so far.
    var told = 0
  }

  private let feature: NoticesFeature
  private let user: ID<User>
  private let page: PageContext
  private let state = Locked(State())

  init(_ feature: NoticesFeature, user: ID<User>, page: PageContext) {
    self.feature = feature
    self.user = user
    self.page = page
  }

  func opened(_ socket: Socket) async {
    let subscription = feature.bus.subscribe(
      Announcement.topic(of: user), missed: { [weak socket] in socket?.close(.goingAway) }
    ) { [weak self, weak socket] text in
      if let socket { self?.hear(text, socket) }
    }
    state.withLock { $0.subscription = subscription }
    do {
      let newest = try await feature.database.one(.newestNumber(of: user))
      state.withLock { $0.told = max($0.told, newest) }
      tellPlace(newest, socket)
    } catch Failure.unavailable {
      socket.close(.busy)
    } catch { socket.close(.failed) }
  }

  func received(_ text: String, on socket: Socket) async {
    guard let message = try? JSON.read(text), let type = message["type"]?.string else {
      return socket.send { w in Self.refuse(&w, "Messages are JSON objects with a type.") }
    }
    do {
      switch type {
      case "read":
        guard let id = (message["data"]?["id"] ?? message["id"])?.id(Notification.self) else {
          return socket.send { w in Self.refuse(&w, "The notification's id is missing.") }
        }
        try await feature.setRead(true, id, of: user)
      case "clear": try await feature.clear(user)
      case "resume":
        guard let after = (message["data"]?["after"] ?? message["after"])?.int else {
          return socket.send { w in Self.refuse(&w, "Say after which number.") }
        }
        try await resume(after: after, socket)
      default: socket.send { w in Self.refuse(&w, "There is no message \(type).") }
      }
    } catch {
      socket.send { w in Self.refuse(&w, "That did not work. Please try again.") }
    }
  }

  func closed(_ socket: Socket) async {
    state.withLock { $0.subscription = nil }
  }

  /// What was missed, in order, then the place to go on from.
  private func resume(after: Int, _ socket: Socket) async throws {
    let missed = try await feature.database.all(.notices(of: user, after: after, limit: 200))
    for notice in missed where !notice.isRead {
      tell(notice.number, notice.id, notice.kind, notice.values, notice.link, notice.createdAt, socket)
    }
    let last = missed.last?.number ?? after
    state.withLock { $0.told = max($0.told, last) }
    tellPlace(last, socket)
  }

  /// From the bus, on any thread.
  private func hear(_ text: String, _ socket: Socket) {
    guard let announcement = try? JSON.decode(Announcement.self, from: text) else { return }
    switch announcement {
    case .new(let notice):
      state.withLock { $0.told = max($0.told, notice.number) }
      tell(notice.number, notice.id, notice.kind, notice.values, notice.link, notice.at, socket)
    case .read(let id):
      socket.send { w in
        w.object { w in
          w.field("type", "read_notification")
          w.object("data") { w in w.field("id", id) }
        }
      }
    case .cleared(let number):
      socket.send { w in
        w.object { w in
          w.field("type", "clear_notifications")
          w.object("data") { w in w.field("through", number) }
        }
      }
    }
  }

  private func tell(
    _ number: Int, _ id: ID<Notification>, _ kind: String, _ values: [String: NoticeValue], _ link: String?,
    _ at: Instant,
    _ socket: Socket
  ) {
    socket.send { w in
      w.object { w in
        w.field("type", "new_notification")
        w.field("id", number)
        w.object("data") { w in
          w.field("id", id)
          w.field("type", kind)
          w.field("content", page.sentence(kind, values))
          w.field("link", link)
          w.field("timestamp", at)
        }
      }
    }
  }

  private func tellPlace(_ number: Int, _ socket: Socket) {
    socket.send { w in
      w.object { w in
        w.field("type", "resume")
        w.object("data") { w in w.field("from", number) }
      }
    }
  }

  private static func refuse(_ writer: inout JSONWriter, _ sentence: String) {
    writer.object { w in
      w.field("type", "error")
      w.object("data") { w in w.field("detail", sentence) }
    }
  }
}
