import CPostgres
import Core
import Loop

/// The one session that listens, for all channels of a database. Every member is touched on its loop's thread only.
final class Listener: @unchecked Sendable {
  let loop: Loop
  private let url: String
  private let connectors: BlockingPool
  private let cancellers: BlockingPool
  private let log: Log

  private struct Ear: Sendable {
    let missed: @Sendable () -> Void
    let heard: @Sendable (String) -> Void
  }
  private var ears: [String: [Ear]] = [:]
  private var connection: Connection?
  private var opening: Task<Void, any Error>?
  private var isClosed = false
  private var announcing: Set<String> = []

  /// Others hear of a channel at most so often.
  private static let announcementPause = Duration.milliseconds(50)

  init(url: String, loop: Loop, connectors: BlockingPool, cancellers: BlockingPool, log: Log) {
    self.url = url
    self.loop = loop
    self.connectors = connectors
    self.cancellers = cancellers
    self.log = log
  }

  @concurrent func listen(
    _ channel: String, missed: @escaping @Sendable () -> Void, _ heard: @escaping @Sendable (String) -> Void
  ) async throws {
    precondition(
      !channel.isEmpty && channel.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 },
      "a channel is named with small letters, digits and underscores")
    guard loop.inLoop else {
      return try await withTaskExecutorPreference(loop) { try await self.listen(channel, missed: missed, heard) }
    }
    guard !isClosed else { throw Failure.unavailable }
    let isNew = ears[channel] == nil
    ears[channel, default: []].append(Ear(missed: missed, heard: heard))
    if let connection, isNew {
      try await connection.simply("listen \(channel)")
    } else if connection == nil {
      try await open()
    }
  }

  /// Opens the session, once however many ask, and listens on every channel known.
  private func open() async throws {
    if let opening { return try await opening.value }
    let task = Task(executorPreference: loop) { [self] in
      defer { opening = nil }
      let url = url
      let address = try await connectors.run { UInt(bitPattern: try Session.open(url, statementTimeout: nil)) }
      let made = Connection(OpaquePointer(bitPattern: address)!, loop: loop, cancellers: cancellers)
      guard !isClosed else { return made.close() }
      made.onNotification = { [weak self] channel, payload in
        for ear in self?.ears[channel] ?? [] { ear.heard(payload) }
      }
      made.onLost = { [weak self] in self?.lost() }
      do {
        // A channel may join while we speak.
        var known: Set<String> = []
        while let channel = ears.keys.first(where: { !known.contains($0) }) {
          known.insert(channel)
          try await made.simply("listen \(channel)")
        }
      } catch {
        made.close()
        throw error
      }
      connection = made
    }
    opening = task
    try await task.value
  }

  private func lost() {
    connection?.close()
    connection = nil
    guard !isClosed else { return }
    log.warning("database.listener_lost")
    Task(executorPreference: loop) { [self] in
      var delay = Duration.milliseconds(50)
      while !isClosed {
        do {
          try await open()
          for ear in ears.values.joined() { ear.missed() }
          return
        } catch {
          try? await loop.sleep(delay)
          delay = min(delay * 2, .seconds(5))
        }
      }
    }
  }

  /// Calls the ears of this process, and has `notify` tell the other processes.
  func announce(_ channel: String, _ notify: @escaping @Sendable () async -> Void) {
    loop.post { [self] in
      guard !isClosed else { return }
      for ear in ears[channel] ?? [] { ear.heard("") }
      guard announcing.insert(channel).inserted else { return }
      Task(executorPreference: loop) { [self] in
        // What is announced while we wait is told with it.
        try? await loop.sleep(Self.announcementPause)
        announcing.remove(channel)
        if !isClosed { await notify() }
      }
    }
  }

  func close() async {
    isClosed = true
    ears = [:]
    _ = try? await opening?.value
    connection?.close()
    connection = nil
  }
}
