import Core
import HTML
import Site
import Web

/// The map above the list, and the same places as words beside it. A map is never mirrored.
struct TutorMapView {
  let map: TutorMap
  let fields: Fields

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
    let places: [HTML] = map.clusters.prefix(12).map { cluster in
      "<li><a href=\"\(address(cluster))\">\(name(cluster, page))</a> <span class=\"facet-count\">\(cluster.count)</span></li>"
    }
    return """
      <section class="tutor-map" aria-labelledby="map-title"><h2 class="visually-hidden" id="map-title">\(t("tutors.map.title"))</h2>
      <svg viewBox="0 0 400 240" role="group" aria-label="\(t("tutors.map.title"))"><path class="map-lines" d="\(lines)"></path>\(circles)</svg>
      <div><p class="muted small">\(t("tutors.map.words"))</p><ol class="map-places">\(places)</ol></div></section>
      """
  }

  private func address(_ cluster: TutorMap.Cluster) -> String {
    let near = tenths(cluster.latitude) + "," + tenths(cluster.longitude)
    return Doors.tutors() + "?"
      + fields.with("after", nil).with("view", nil).with("near", near).with("km", "\(cluster.radius)").encoded
  }

  private func name(_ cluster: TutorMap.Cluster, _ page: PageContext) -> String {
    cluster.city ?? page.t("tutors.map.at", latitude: tenths(cluster.latitude), longitude: tenths(cluster.longitude))
  }

  private func label(_ cluster: TutorMap.Cluster, _ page: PageContext) -> String {
    page.t("tutors.map.cluster", count: cluster.count, place: name(cluster, page))
  }

  private func short(_ count: Int) -> String { count < 1000 ? "\(count)" : "\(count / 1000)k" }

  private func units(_ value: Double) -> String { tenths(value) }
  private func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return (tenths < 0 ? "-" : "") + "\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}
