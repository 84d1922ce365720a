import TestKit
import Testing

@testable import Tutors

@Suite struct TutorMapTests {
  /// The cell that holds this place.
  private func cell(_ latitude: Double, _ longitude: Double, _ count: Int = 1, _ city: String? = nil) -> MapCell {
    MapCell(
      cell: Int(((latitude + 90) * 10).rounded(.down)) * 3600 + Int(((longitude + 180) * 10).rounded(.down)),
      count: count, city: city)
  }

  @Test func `nothing makes no map`() { #expect(TutorMap([]).clusters.isEmpty) }

  @Test func `one cell stands in the middle, told in tenths of a degree`() throws {
    let map = TutorMap([cell(48.2082, 16.3738, 3, "Vienna")])
    let cluster = try #require(map.clusters.first)
    #expect(cluster.count == 3 && cluster.city == "Vienna" && (15...20).contains(cluster.radius))
    #expect(abs(cluster.x - 200) < 0.01 && abs(cluster.y - 120) < 0.01)
    for degrees in [cluster.latitude, cluster.longitude] { #expect((degrees * 10).rounded() / 10 == degrees) }
    // A cell is all that is known: two tutors in it are the same place.
    #expect(TutorMap([cell(48.2999, 16.3001, 3, "Vienna")]) == map)
  }

  @Test func `near ones are one circle with all of their tutors, far ones are apart, north above south`() {
    let map = TutorMap([cell(48.2, 16.4, 5, "Vienna"), cell(48.1, 16.5, 1, "Schwechat"), cell(33.9, 35.5, 2, "Beirut")])
    #expect(map.clusters.map(\.count) == [6, 2] && map.clusters.map(\.city) == ["Vienna", "Beirut"])
    let (vienna, beirut) = (map.clusters[0], map.clusters[1])
    #expect(vienna.y < beirut.y && vienna.x < beirut.x)
    #expect(vienna.radius > 15 && vienna.radius < 40)
    #expect(!map.meridians.isEmpty && !map.parallels.isEmpty)
    // What lies under the circles is placed by the frame: a tenth of a degree is what a circle's place is rounded to.
    for cluster in map.clusters {
      #expect(abs(map.frame.x(cluster.longitude) - cluster.x) <= 0.06 * map.frame.scale.x)
      #expect(abs(map.frame.y(cluster.latitude) - cluster.y) <= 0.06 * map.frame.scale.y)
    }
  }

  @Test func `circles never touch, also across the lines they were gathered by`() {
    let map = TutorMap([
      cell(51.5, -0.1, 128, "London"), cell(53.7, -1.5), cell(52.5, 13.4, 12, "Berlin"), cell(40.4, -3.7, 41, "Madrid"),
    ])
    #expect(map.clusters.reduce(0) { $0 + $1.count } == 182)
    for (at, one) in map.clusters.enumerated() {
      for other in map.clusters.dropFirst(at + 1) {
        let (across, down) = (one.x - other.x, one.y - other.y)
        #expect(across * across + down * down >= 36 * 36)
      }
    }
  }

  @Test func `whatever the cells are, every circle lies inside the drawing`() {
    var random = Dice()
    for _ in 0..<200 {
      let cells = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        cell(
          .random(in: -80...80, using: &random), .random(in: -179...179, using: &random),
          .random(in: 1...50, using: &random))
      }
      let map = TutorMap(cells)
      #expect(map.clusters.reduce(0) { $0 + $1.count } == cells.reduce(0) { $0 + $1.count })
      for cluster in map.clusters {
        #expect((0...400).contains(cluster.x) && (0...240).contains(cluster.y), "\(cluster)")
        #expect((1...200).contains(cluster.radius))
      }
    }
  }
}
