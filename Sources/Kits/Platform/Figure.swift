package import Postgres

/// Something a feature counts in the database, for metrics and alerts. Read now and then by ``Watch``, so it may cost an
/// index scan and not more; every node of a site reads the same.
package struct Figure: Sendable {
  package typealias Row = (labels: [(String, String)], value: Double)

  /// By Prometheus' conventions: letters, digits and underscores, the unit last.
  package let name: String
  package let help: String
  let read: @Sendable (Database) async throws -> [Row]

  package init(_ name: String, _ help: String, read: @escaping @Sendable (Database) async throws -> [Row]) {
    self.name = name
    self.help = help
    self.read = read
  }

  /// One number.
  package init(_ name: String, _ help: String, _ query: Query<Double>) {
    self.init(name, help) { database in [([], try await database.one(query))] }
  }

  /// One number for each value of a label.
  package init(_ name: String, _ help: String, by label: String, _ query: Query<(String, Double)>) {
    self.init(name, help) { database in
      try await database.all(query).map { ([(label, $0.0)], $0.1) }
    }
  }
}
