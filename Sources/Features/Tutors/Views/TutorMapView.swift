import Core
import HTML
import Site
import Web

/// The map above the list, and the same places as words beside it. A map is never mirrored.
struct TutorMapView {
  let map: TutorMap
  let fields: Fields

  /// Degrees from north to south: on a closer map a coast that is drawn for the whole world would lie beside the towns on it.
  private static let closestLand = 4.0

  func markup(_ page: PageContext) -> HTML {
    let t = page.t
    guard !map.clusters.isEmpty else {
      return page.banner(.info, t("tutors.map.none"), HTML(t("tutors.map.noneWords")))
    }
    let lines =
      map.meridians.map { "M\(units($0)) 0V\(units(TutorMap.size.height))" }.joined()
      + map.parallels.map { "M0 \(units($0))H\(units(TutorMap.size.width))" }.joined()
    let circles: [HTML] = map.clusters.map { cluster in
      let radius = cluster.count < 10 ? 14 : cluster.count < 100 ? 16 : 18
      return """
        <a href="\(address(cluster))" aria-label="\(label(cluster, page))"><circle cx="\(units(cluster.x))" cy="\(units(cluster.y))" r="\(radius)"></circle>\
        <text x="\(units(cluster.x))" y="\(units(cluster.y))" dy="0.35em" text-anchor="middle" aria-hidden="true">\(short(cluster.count))</text></a>
        """
    }
    let names: [HTML] = labels.map {
      "<text class=\"map-name\" x=\"\(units($0.x))\" y=\"\(units($0.y))\" text-anchor=\"middle\" aria-hidden=\"true\">\($0.name)</text>"
    }
    let places: [HTML] = map.clusters.prefix(12).map { cluster in
      "<li><a href=\"\(address(cluster))\">\(name(cluster, page))</a> <span class=\"facet-count\">\(cluster.count)</span></li>"
    }
    let land: HTML? =
      map.frame.high < Self.closestLand
      ? nil : "<use class=\"map-land\" href=\"\(page.asset("world.svg") + "#land")\" transform=\"\(placing)\"></use>"
    return """
      <section class="tutor-map" aria-labelledby="map-title"><h2 class="visually-hidden" id="map-title">\(t("tutors.map.title"))</h2>
      <svg viewBox="0 0 400 240" role="group" aria-label="\(t("tutors.map.title"))">\(land)<path class="map-lines" d="\(lines)"></path>\(names)\(circles)</svg>
      <div><p class="muted small">\(t("tutors.map.words"))</p><ol class="map-places">\(places)</ol></div></section>
      """
  }

  /// The cities' names below their circles, the biggest first, as far as none covers another or a circle.
  private var labels: [(name: String, x: Double, y: Double)] {
    var taken = map.clusters.map { (left: $0.x - 18, right: $0.x + 18, top: $0.y - 18, bottom: $0.y + 18) }
    var labels: [(name: String, x: Double, y: Double)] = []
    for cluster in map.clusters {
      guard let city = cluster.city, city.count <= 18 else { continue }
      let half = Double(city.count) * 3.4 + 3
      let x = min(max(cluster.x, half), TutorMap.size.width - half)
      let y = cluster.y + 30
      let box = (left: x - half, right: x + half, top: y - 9, bottom: y + 4)
      let isFree =
        box.bottom < TutorMap.size.height
        && !taken.contains { $0.left < box.right && box.left < $0.right && $0.top < box.bottom && box.top < $0.bottom }
      guard isFree else { continue }
      taken.append(box)
      labels.append((city, x, y))
    }
    return labels
  }

  private func address(_ cluster: TutorMap.Cluster) -> String {
    let near = tenths(cluster.latitude) + "," + tenths(cluster.longitude)
    return Doors.tutors() + "?"
      + fields.with("after", nil).with("view", nil).with("near", near).with("km", "\(cluster.radius)")
      .with("town", cluster.city).encoded
  }

  private func name(_ cluster: TutorMap.Cluster, _ page: PageContext) -> String {
    cluster.city ?? page.t("tutors.map.at", latitude: tenths(cluster.latitude), longitude: tenths(cluster.longitude))
  }

  private func label(_ cluster: TutorMap.Cluster, _ page: PageContext) -> String {
    page.t("tutors.map.cluster", count: cluster.count, place: name(cluster, page))
  }

  private func short(_ count: Int) -> String { count < 1000 ? "\(count)" : "\(count / 1000)k" }

  /// What brings degrees, east and south, to where they are drawn.
  private var placing: String {
    let (across, down) = map.frame.scale
    let numbers = [across, 0, 0, down, map.frame.x(0), map.frame.y(0)]
    return "matrix(" + numbers.map { decimal($0, parts: 1000) }.joined(separator: " ") + ")"
  }

  private func units(_ value: Double) -> String { tenths(value) }
  private func tenths(_ value: Double) -> String { decimal(value, parts: 10) }

  /// Rounded to so many parts of one, a power of ten.
  private func decimal(_ value: Double, parts: Int) -> String {
    let all = Int((value * Double(parts)).rounded())
    let fraction = String(parts + abs(all) % parts).dropFirst()
    return (all < 0 ? "-" : "") + "\(abs(all) / parts).\(fraction)"
  }
}
