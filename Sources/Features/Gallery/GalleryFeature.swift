import Core
import HTML
package import Loop
package import Platform
package import Site
import Time
package import Web

/// Rooms for builders: every component in every dress, and every sentence in every language. Open in development only
/// (`DEV=1`); elsewhere there is nothing at these addresses.
///
/// Owns nothing and reads nothing but assets, catalogues and, for where a sentence stands, the sources.
package struct GalleryFeature: Feature {
  static let sentences = Path("/gallery/sentences")

  let site: Site
  /// Where the sources lie, and the threads that may read them.
  let root: String
  let pool: BlockingPool

  /// What the features hang there.
  let specimens: [@Sendable (PageContext) -> [Specimen]]

  package init(
    site: Site, root: String = ".", pool: BlockingPool, specimens: [@Sendable (PageContext) -> [Specimen]] = []
  ) {
    self.site = site
    self.specimens = specimens
    self.root = root
    self.pool = pool
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.gallery, as: Guest.self, showGallery)
    routes.on(.get, Self.sentences, as: Guest.self, showSentences)
  }

  func showGallery(_ request: Request, guest: Guest) async throws -> Response {
    guard site.isDevelopment else { throw Failure.notFound }
    let dress = Dress(request.query)
    var context = site.context(for: request)
    if let language = dress.language {
      context = site.context(language: language, for: request)
    }
    if let theme = dress.theme { context.theme = theme }
    context.clothes = dress.clothes
    let sprite = site.assets.content(of: "icons.svg") ?? []
    let style = site.assets.content(of: "css/app.css") ?? []
    let (icons, colours) = try await pool.run {
      (Self.names(in: sprite), Self.colours(in: String(decoding: style, as: UTF8.self)))
    }
    return site.page(GalleryPage(dress: dress, icons: icons, colours: colours, hung: specimens), on: context).unstored
  }

  func showSentences(_ request: Request, guest: Guest) async throws -> Response {
    guard site.isDevelopment else { throw Failure.notFound }
    let catalogue = site.catalogue
    let families = Set(catalogue.keys.map(Self.family)).sorted()
    let chosen = request.query.text("family").isEmpty ? families.first ?? "" : request.query.text("family")
    let root = root
    let uses = try await pool.run { Uses(in: root) }
    let sentences = catalogue.keys.filter { Self.family(of: $0) == chosen }.map { key in
      SentencesPage.Sentence(
        key: key, places: Self.places(in: catalogue.source(of: key, in: .english) ?? ""),
        wording: Language.allCases.map { ($0, catalogue.source(of: key, in: $0)) }
          + Language.madeUp.prefix(1).map { ($0, catalogue.wording(key, in: $0)) },
        uses: uses.of(key))
    }
    return site.page(SentencesPage(families: families, chosen: chosen, sentences: sentences), for: request).unstored
  }

  /// `bookings` of `bookings.title`.
  static func family(of key: String) -> String { key.split(separator: ".").first.map(String.init) ?? key }

  /// The names of what is put in, in the order of the sentence: `{name}`, and `{count, plural, …}` as `count`.
  static func places(in sentence: String) -> [String] {
    var found: [String] = []
    for match in sentence.matches(of: #/\{([A-Za-z]\w*)\s*[,}]/#) where !found.contains(String(match.1)) {
      found.append(String(match.1))
    }
    return found
  }

  private static func names(in sprite: [UInt8]) -> [String] {
    String(decoding: sprite, as: UTF8.self).matches(of: #/<symbol id="([a-z0-9-]+)"/#).map { String($0.1) }
  }

  /// The tokens whose value is a colour, in the order of the style sheet.
  static func colours(in style: String) -> [String] {
    var found: [String] = []
    for match in style.matches(of: #/[\s{;]--([a-z-]+): ?(?:light-dark\()?oklch/#)
    where !found.contains(String(match.1)) {
      found.append(String(match.1))
    }
    return found
  }
}

/// What the gallery wears, from its address: `?theme=dark&language=ar&size=200&width=320&part=fields`.
struct Dress: Sendable {
  var theme: String?
  var language: Language?
  var isLarge = false
  var isNarrow = false
  var part = ""

  init(_ query: Fields) {
    theme = ["light", "dark"].first { $0 == query.text("theme") }
    language = Language(rawValue: query.text("language"))
    isLarge = query.text("size") == "200"
    isNarrow = query.text("width") == "320"
    part = query.text("part")
  }

  var clothes: String? {
    let names = [isLarge ? "size-200" : nil, isNarrow ? "width-320" : nil].compactMap { $0 }
    return names.isEmpty ? nil : names.joined(separator: " ")
  }

  func address(_ change: (inout Dress) -> Void) -> String {
    var other = self
    change(&other)
    let pairs = [
      other.theme.map { "theme=" + $0 }, other.language.map { "language=" + $0.rawValue },
      other.isLarge ? "size=200" : nil, other.isNarrow ? "width=320" : nil,
      other.part.isEmpty ? nil : "part=" + other.part,
    ].compactMap { $0 }
    return Doors.gallery() + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
  }
}
