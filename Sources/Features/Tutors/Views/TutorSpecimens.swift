import Core
package import Site
import Web

/// What hangs in the gallery: the map of a search, with one tutor and with crowds, and of one that found no place.
package enum TutorSpecimens {
  package static func shown(_ page: PageContext) -> [Specimen] {
    func cell(_ latitude: Int, _ longitude: Int, _ count: Int, _ city: String?) -> MapCell {
      MapCell(cell: (latitude + 900) * 3600 + longitude + 1800, count: count, city: city)
    }
    let map = TutorMap([
      cell(515, -1, 128, "London"), cell(525, 134, 12, "Berlin"), cell(482, 163, 7, "Wien"),
      cell(404, -37, 41, "Madrid"),
      cell(537, -15, 1, nil),
    ])
    return [
      Specimen(.people, "TutorMapView", TutorMapView(map: map, fields: Fields()).markup(page)),
      Specimen(.people, "TutorMapView of nothing", TutorMapView(map: TutorMap([]), fields: Fields()).markup(page)),
    ]
  }
}
