import Core
import Postgres

/// Tutors of one cell of the 0.1° grid: as exact as a map may be, some ten kilometres.
struct MapCell: RowDecodable, Equatable {
  let cell: Int
  let count: Int
  /// What most of them name as their city.
  let city: String?

  init(cell: Int, count: Int, city: String?) {
    self.cell = cell
    self.count = count
    self.city = city
  }

  init(row: inout RowReader) throws {
    cell = try row.next()
    count = try row.next()
    city = try row.next()
  }

  /// The middle of the cell, in degrees.
  var latitude: Double { Double(cell / 3600) / 10 - 90 + 0.05 }
  var longitude: Double { Double(cell % 3600) / 10 - 180 + 0.05 }
}

/// A plain map: circles on a grid of degrees. Cells that would touch are one circle. Addresses are never in it: it knows
/// cells only. Values in, values out.
struct TutorMap: Equatable {
  struct Cluster: Equatable {
    let latitude: Double
    let longitude: Double
    let count: Int
    let city: String?
    /// Kilometres round the middle that hold all of its cells.
    let radius: Int
    /// Where it is drawn, in the units of ``size``.
    let x: Double
    let y: Double
  }

  /// The part of the world that is drawn, in degrees: a degree is as long everywhere on it.
  struct Frame: Equatable {
    let west: Double
    let north: Double
    let wide: Double
    let high: Double

    static let world = Frame(west: -180, north: 90, wide: 360, high: 180)

    /// Units of the drawing for a degree to the east, and for one to the south.
    var scale: (x: Double, y: Double) { (size.width / wide, size.height / high) }

    func x(_ longitude: Double) -> Double { (longitude - west) * scale.x }
    func y(_ latitude: Double) -> Double { (north - latitude) * scale.y }
  }

  /// Units of the drawing.
  static let size = (width: 400.0, height: 240.0)
  /// Circles are at least so far apart.
  private static let apart = 36.0
  private static let grid = (columns: 10, rows: 6)

  let clusters: [Cluster]
  let frame: Frame
  /// Lines of whole or tenth degrees, in units of the drawing.
  let meridians: [Double]
  let parallels: [Double]

  init(_ cells: [MapCell]) {
    guard let first = cells.first else {
      (clusters, frame, meridians, parallels) = ([], .world, [], [])
      return
    }
    var (south, north, west, east) = (first.latitude, first.latitude, first.longitude, first.longitude)
    for cell in cells {
      (south, north) = (min(south, cell.latitude), max(north, cell.latitude))
      (west, east) = (min(west, cell.longitude), max(east, cell.longitude))
    }
    // A frame round what there is, never closer than a region, and as wide as it is high on the ground.
    let narrow = max(0.2, 1 - ((south + north) / 2 / 90) * ((south + north) / 2 / 90))
    var high = max(1.5, (north - south) * 1.3)
    var wide = max(1.5 * Self.size.width / Self.size.height / narrow, (east - west) * 1.3)
    if wide * narrow / high < Self.size.width / Self.size.height {
      wide = high * Self.size.width / Self.size.height / narrow
    } else {
      high = wide * narrow * Self.size.height / Self.size.width
    }
    let frame = Frame(west: (west + east - wide) / 2, north: (south + north + high) / 2, wide: wide, high: high)
    self.frame = frame

    var groups: [Int: [MapCell]] = [:]
    for cell in cells {
      let column = min(
        Self.grid.columns - 1, max(0, Int(frame.x(cell.longitude) / Self.size.width * Double(Self.grid.columns))))
      let row = min(Self.grid.rows - 1, max(0, Int(frame.y(cell.latitude) / Self.size.height * Double(Self.grid.rows))))
      groups[row * Self.grid.columns + column, default: []].append(cell)
    }
    // Neighbours across an edge of that grid may still touch.
    var heaps = groups.keys.sorted().map { groups[$0] ?? [] }
    func middle(_ cells: [MapCell]) -> (x: Double, y: Double) {
      let count = Double(cells.reduce(0) { $0 + $1.count })
      return (
        frame.x(cells.reduce(0) { $0 + $1.longitude * Double($1.count) } / count),
        frame.y(cells.reduce(0) { $0 + $1.latitude * Double($1.count) } / count)
      )
    }
    func touching() -> (Int, Int)? {
      let middles = heaps.map(middle)
      for one in middles.indices {
        for other in middles.indices.dropFirst(one + 1) {
          let (across, down) = (middles[one].x - middles[other].x, middles[one].y - middles[other].y)
          if across * across + down * down < Self.apart * Self.apart { return (one, other) }
        }
      }
      return nil
    }
    while let (one, other) = touching() { heaps[one] += heaps.remove(at: other) }
    clusters = heaps.map { cells in
      let count = cells.reduce(0) { $0 + $1.count }
      func mean(_ value: (MapCell) -> Double) -> Double {
        cells.reduce(0) { $0 + value($1) * Double($1.count) } / Double(count)
      }
      // Told in tenths of a degree, as the cells themselves are.
      let latitude = (mean(\.latitude) * 10).rounded() / 10
      let longitude = (mean(\.longitude) * 10).rounded() / 10
      let reach =
        cells.map { cell in
          let (up, along) = ((cell.latitude - latitude) * 111.2, (cell.longitude - longitude) * 111.2 * narrow)
          return (up * up + along * along).squareRoot()
        }.max() ?? 0
      let biggest = cells.max { ($0.count, $1.cell) < ($1.count, $0.cell) }
      return Cluster(
        latitude: latitude, longitude: longitude, count: count, city: biggest?.city,
        radius: min(200, max(15, Int(reach) + 12)), x: frame.x(mean(\.longitude)), y: frame.y(mean(\.latitude)))
    }.sorted { ($0.count, $0.latitude, $0.longitude) > ($1.count, $1.latitude, $1.longitude) }

    func lines(from: Double, to: Double) -> [Double] {
      let span = to - from
      let step = [0.5, 1, 2, 5, 10, 20, 30].first { span / $0 <= 8 } ?? 45
      var at = (from / step).rounded(.up) * step
      var all: [Double] = []
      while at < to {
        all.append(at)
        at += step
      }
      return all
    }
    meridians = lines(from: frame.west, to: frame.west + wide).map(frame.x)
    parallels = lines(from: frame.north - high, to: frame.north).map(frame.y)
  }
}
