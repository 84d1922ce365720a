package import Core
import Loop
package import Postgres
package import Web

/// How a part of the site is.
package enum Condition: String, Sendable, CaseIterable {
  case well
  /// It works, late or in part.
  case limited
  case down
  /// Nobody has set it up.
  case off
}

/// A part of the site whose state people may ask for.
package struct Component: Sendable {
  /// In catalogues and metrics: small letters.
  package let name: String
  let check: @Sendable () async throws -> Condition

  /// A check that throws, or that has not answered after five seconds, is ``Condition/down``.
  package init(_ name: String, check: @escaping @Sendable () async throws -> Condition) {
    self.name = name
    self.check = check
  }
}

/// Looks at components and figures again and again, and keeps what it saw: whoever asks is answered from memory, so that
/// asking costs nothing however many ask.
package final class Watch: Sendable {
  package struct Sight: Sendable {
    /// When it was looked; nothing before the first time.
    package internal(set) var at: Instant?
    package internal(set) var conditions: [String: Condition] = [:]
    var figures: [String: [Figure.Row]] = [:]
  }

  package let components: [Component]
  private let figures: [Figure]
  private let database: Database
  private let clock: WallClock
  private let log: Log
  private let state = Locked(Sight())
  private let main = Locked<Task<Void, Never>?>(nil)

  /// Between two looks.
  private static let pause = Duration.seconds(15)

  package init(
    _ components: [Component], figures: [Figure], database: Database, metrics: Metrics, clock: WallClock = .system,
    log: Log
  ) {
    self.components = components
    self.figures = figures
    self.database = database
    self.clock = clock
    self.log = log
    let state = state
    metrics.gauges(
      "component_up", "1 where a part of the site works, 0.5 in part, 0 not; parts not set up are not told."
    ) {
      state.withLock { $0.conditions }.sorted { $0.key < $1.key }.compactMap { name, condition in
        switch condition {
        case .well: ([("component", name)], 1)
        case .limited: ([("component", name)], 0.5)
        case .down: ([("component", name)], 0)
        case .off: nil
        }
      }
    }
    metrics.gauge("watch_last_look_timestamp_seconds", "When components and figures were last looked at.") {
      Double(state.withLock { $0.at }?.seconds ?? 0)
    }
    for figure in figures {
      metrics.gauges(figure.name, figure.help) { state.withLock { $0.figures[figure.name] } ?? [] }
    }
  }

  /// What was last seen.
  package var sight: Sight { state.withLock { $0 } }

  /// Begins to look, on the loops of the database.
  package func start() {
    let loop = database.loops.any
    main.withLock { main in
      guard main == nil else { return }
      main = Task(executorPreference: loop) {
        while !Task.isCancelled {
          await self.look()
          try? await loop.sleep(Self.pause)
        }
      }
    }
  }

  package func stop() async {
    let task = main.withLock { $0 }
    task?.cancel()
    await task?.value
  }

  /// Looks once.
  package func look() async {
    var seen = Sight()
    for component in components { seen.conditions[component.name] = await condition(of: component) }
    for figure in figures {
      // What cannot be read is not told: a figure of yesterday would be a lie.
      do { seen.figures[figure.name] = try await figure.read(database) } catch is CancellationError { return } catch {
        log.warning("watch.unreadable", ["figure": .text(figure.name), "error": .text("\(error)")])
      }
    }
    seen.at = clock.now
    let before = state.withLock { state in
      defer { state = seen }
      return state.conditions
    }
    for (name, condition) in seen.conditions where before[name] != nil && before[name] != condition {
      log.warning("component.changed", ["component": .text(name), "condition": .text(condition.rawValue)])
    }
  }

  private func condition(of component: Component) async -> Condition {
    let loop = database.loops.any
    return await withTaskGroup(of: Condition?.self) { group in
      group.addTask {
        do { return try await component.check() } catch { return .down }
      }
      group.addTask {
        do { try await loop.sleep(.seconds(5)) } catch { return nil }
        return .down
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first ?? .down
    }
  }
}
