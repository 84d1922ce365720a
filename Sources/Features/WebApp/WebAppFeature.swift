import Core
import Crypto
import HTML
import JSON
package import Platform
package import Site
package import Web

/// The site as an app on somebody's screen: its manifest, the service worker, and the page that stands where the network
/// does not.
///
/// Owns nothing and reads nothing. No page that a person asked for is ever kept: the worker keeps assets, whose names
/// change with what is in them, and the offline page of each language, which says nothing of anybody. So an update needs
/// no ceremony, and nobody is shown yesterday's page. The worker also shows what Notices pushes.
package struct WebAppFeature: Feature {
  static let worker = Path("/service-worker.js")
  static let offline = Path("/offline/:language", as: String.self)

  let site: Site
  private let hasFonts: Bool

  package init(site: Site) {
    self.site = site
    hasFonts = site.assets.paths.contains { $0.hasPrefix("fonts/") }
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.manifest, as: Guest.self, tellManifest)
    routes.on(.get, Self.worker, as: Guest.self, giveWorker)
    routes.on(.get, Self.offline, as: Guest.self, showOffline)
  }

  /// https://www.w3.org/TR/appmanifest/, in the reader's language.
  func tellManifest(_ request: Request, guest: Guest) async throws -> Response {
    let t = site.catalogue.words(in: request.language)
    let bytes = JSONWriter.bytes { w in
      w.object { w in
        w.field("id", "/")
        w.field("name", site.name)
        w.field("short_name", site.name)
        w.field("description", t("webapp.description"))
        w.field("lang", t.language.rawValue)
        w.field("dir", t.language.isRightToLeft ? "rtl" : "ltr")
        w.field("start_url", Doors.home())
        w.field("scope", Doors.home())
        w.field("display", "standalone")
        w.field("background_color", "#fcf9f3")
        w.field("theme_color", "#fcf9f3")
        let icons = [
          ("icon-192", "192x192", "any"), ("icon-512", "512x512", "any"), ("maskable-512", "512x512", "maskable"),
        ]
        w.array("icons", icons) { w, icon in
          w.object { w in
            w.field("src", site.assets.address("app/\(icon.0).png"))
            w.field("sizes", icon.1)
            w.field("type", "image/png")
            w.field("purpose", icon.2)
          }
        }
        let shortcuts = [(t("site.findTutor"), Doors.tutors()), (t("site.bookings"), Doors.bookings())]
        w.array("shortcuts", shortcuts) { w, shortcut in
          w.object { w in
            w.field("name", shortcut.0)
            w.field("url", shortcut.1)
          }
        }
      }
    }
    return .bytes(bytes, type: "application/manifest+json").with(header: "vary", "accept-language, cookie")
      .tagged(for: request)
  }

  /// The worker is a file like others but for its first line, which says what belongs to this version of the site. A
  /// browser compares the bytes, so any change in them is an update.
  func giveWorker(_ request: Request, guest: Guest) async throws -> Response {
    guard let body = site.assets.content(of: "worker/service-worker.js") else { throw Failure.notFound }
    let shell = shell
    let version = Hex.encode(SHA256.hash(Array(shell.joined(separator: " ").utf8) + body).prefix(6))
    let house = JSONWriter.text { w in
      w.object { w in
        w.field("version", version)
        w.field("name", site.name)
        w.array("shell", shell) { w, address in w.write(address) }
        w.array("languages", Language.allCases) { w, language in w.write(language.rawValue) }
      }
    }
    return .bytes(Array("self.house = \(house);\n".utf8) + body, type: "text/javascript; charset=utf-8")
      .with(header: "cache-control", "no-cache").tagged(for: request)
  }

  /// What the offline page is made of, and the page in each language.
  private var shell: [String] {
    let files =
      ["css/app.css", "icons.svg", "icon.svg", "app/icon-192.png"]
      + ["boot", "words", "zone", "webapp", "offline", "drafts", "toast"].map { "islands/\($0).js" }
      + site.assets.paths.filter { hasFonts && $0.hasSuffix(".woff2") }
    return Language.allCases.map { Self.offline($0.rawValue) } + files.map(site.assets.address)
  }

  func showOffline(_ request: Request, guest: Guest, _ name: String) async throws -> Response {
    guard let language = Language(offered: name) else { throw Failure.notFound }
    return site.page(OfflinePage(), on: site.context(language: language, zone: site.zone))
  }
}
