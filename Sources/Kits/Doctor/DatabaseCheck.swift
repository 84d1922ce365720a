import Core
import Postgres

/// Whether the database is there, fit, up to date, and agrees with us about the time. Blocks.
package struct DatabaseCheck {
  private let url: String
  private let migrations: String
  private let extensions: [String]
  private let sessions: Int

  /// - Parameters:
  ///   - migrations: the folder of this version's migrations.
  ///   - extensions: what they need.
  ///   - sessions: how many this process would open at most.
  package init(url: String, migrations: String, extensions: [String], sessions: Int) {
    self.url = url
    self.migrations = migrations
    self.extensions = extensions
    self.sessions = sessions
  }

  package func findings() -> [Finding] {
    do {
      let connection = try PlainConnection(url)
      return try [version(connection), clock(connection), room(connection), extensions(connection), safety(connection)]
        + [applied()]
    } catch let error as PostgresError where error.state == "28P01" || error.state == "28000" {
      return [
        broken(
          "The database refuses to let us in (\(error.state)).", "Put the user and password in DATABASE_URL right.")
      ]
    } catch let error as PostgresError where error.state == "3D000" {
      return [
        broken("The server answers, but the database does not exist.", "createdb it, then run `tutalink migrate`.")
      ]
    } catch {
      return [
        broken(
          "The database does not answer: \(Self.line(error)).",
          "Start PostgreSQL, or put DATABASE_URL right; `pg_isready` says whether it listens.")
      ]
    }
  }

  private static func line(_ error: any Error) -> String {
    "\(error)".split(separator: "\n").first.map(String.init) ?? "\(error)"
  }

  private func broken(_ says: String, _ cure: String) -> Finding { Finding("database", .broken, says, cure: cure) }

  private func setting(_ name: String, _ connection: borrowing PlainConnection) throws -> String {
    (try connection.rows("select current_setting($1)", [name]).first?.first ?? nil) ?? ""
  }

  private func version(_ connection: borrowing PlainConnection) throws -> Finding {
    let version = try setting("server_version", connection)
    guard let number = Int(try setting("server_version_num", connection)), number >= 140_000 else {
      return broken("PostgreSQL \(version) is too old.", "Move to PostgreSQL 14 or newer (pg_upgradecluster).")
    }
    guard try setting("server_encoding", connection) == "UTF8" else {
      return broken("The database does not keep text as UTF-8.", "Make it anew with `createdb -E UTF8 -T template0`.")
    }
    return Finding("database", .well, "PostgreSQL \(version) answers.")
  }

  private func clock(_ connection: borrowing PlainConnection) throws -> Finding {
    let before = Instant.now
    let told =
      try connection.rows("select (extract(epoch from clock_timestamp()) * 1000000)::bigint").first?.first ?? nil
    let after = Instant.now
    guard let told, let microseconds = Int64(told) else { return broken("The database tells no time.", "See its log.") }
    // Somewhere between asking and hearing; half way is right to within half the way.
    let middle = before + (after - before) / 2
    let apart = abs((Instant(microseconds: microseconds) - middle).microseconds) - (after - before).microseconds / 2
    let milliseconds = max(0, apart) / 1000
    guard milliseconds <= 500 else {
      return Finding(
        "database", milliseconds > 2000 ? .broken : .warning,
        "The database's clock and this machine's are \(milliseconds) ms apart.",
        cure: "Let something keep both right: `timedatectl set-ntp true`, or chrony.")
    }
    return Finding("database", .well, "Its clock and this machine's agree to within \(milliseconds) ms.")
  }

  private func room(_ connection: borrowing PlainConnection) throws -> Finding {
    let most = Int(try setting("max_connections", connection)) ?? 0
    let kept = Int(try setting("superuser_reserved_connections", connection)) ?? 3
    // One listens, one explains what is slow, and the migrator of the next version wants one.
    let wanted = sessions + 3
    guard most - kept >= wanted else {
      return broken(
        "It allows \(most) sessions, and this server alone may want \(wanted).",
        "Raise max_connections, or lower CONNECTIONS_PER_LOOP or LOOPS.")
    }
    return Finding("database", .well, "It allows \(most) sessions; this server wants at most \(wanted).")
  }

  private func extensions(_ connection: borrowing PlainConnection) throws -> Finding {
    let there = Set(try connection.rows("select name from pg_available_extensions").compactMap { $0.first ?? nil })
    let missing = extensions.filter { !there.contains($0) }
    guard missing.isEmpty else {
      return broken(
        "It lacks the extensions \(missing.joined(separator: ", ")).", "Install PostgreSQL's contrib package.")
    }
    return Finding("database", .well, "It has the extensions \(extensions.joined(separator: ", ")).")
  }

  private func safety(_ connection: borrowing PlainConnection) throws -> Finding {
    for name in ["fsync", "full_page_writes", "synchronous_commit"] where try setting(name, connection) == "off" {
      return Finding(
        "database", .warning, "\(name) is off: a power cut would lose what people were told is done.",
        cure: "Switch it on, unless this database is for tests.")
    }
    return Finding("database", .well, "What it confirms is on the disk.")
  }

  private func applied() -> Finding {
    do {
      let pending = try Migrator(folder: migrations, url: url).pending()
      guard let first = pending.first else { return Finding("database", .well, "Every migration is applied.") }
      return broken("\(pending.count) migrations are not applied, the first is \(first).", "Run `tutalink migrate`.")
    } catch {
      return broken(
        Self.line(error) + ".", "The program and the database are of different versions: install the newer program.")
    }
  }
}
