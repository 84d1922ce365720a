package import Core
package import HTML
import Time
package import Web

/// What every page shares: the site's name and address, its words, formats and assets, and the clock.
package final class Site: Sendable {
  package let name: String
  /// The address people see, without a trailing slash: `https://tutors.example.org`.
  package let url: String
  /// The zone a visitor is shown until theirs is known.
  package let zone: String
  package let catalogue: Catalogue
  package let formats: Formats
  package let assets: Assets
  package let clock: WallClock
  /// Whether pages for builders (the gallery) are open.
  package let isDevelopment: Bool
  /// What a page says whoever reads it, drawn once: the islands' words of each language, and icons.
  let islandWords: [Language: HTML]
  let icons = Memo<String, HTML>(limit: 1024)
  /// What the frame's islands are made of, as links; by whether somebody is signed in.
  private let modules: [Bool: HTML]
  private let keptSheet: Sheet
  /// What every page says is not well.
  package let troubles = Troubles()

  package init(
    name: String, url: String, zone: String, catalogue: Catalogue, assets: Assets, clock: WallClock,
    isDevelopment: Bool = false
  ) {
    self.name = name
    self.url = url
    self.zone = zone
    self.catalogue = catalogue
    self.assets = assets
    self.clock = clock
    self.isDevelopment = isDevelopment
    formats = Formats()
    islandWords = Dictionary(
      uniqueKeysWithValues: (Language.allCases + (isDevelopment ? Language.madeUp : [])).map {
        ($0, Shell.words(catalogue.words(in: $0)))
      })
    keptSheet = Sheet(assets)
    modules = [true: Shell.modules(isMember: true, of: assets), false: Shell.modules(isMember: false, of: assets)]
  }

  /// The links to the modules of the frame's islands.
  func frameModules(isMember: Bool) -> HTML {
    // While the site is being built its modules may change under its pages.
    assets.isLive ? Shell.modules(isMember: isMember, of: assets) : modules[isMember] ?? .none
  }

  /// The one style sheet.
  var sheet: Sheet { assets.isLive ? Sheet(assets) : keptSheet }

  /// The words, zone and tools for the reader of this request.
  package func context(for request: Request) -> PageContext {
    PageContext(
      site: self, t: catalogue.words(in: request.language), viewer: request.identity,
      zone: Zone(request.zone) ?? Zone(zone) ?? .utc,
      now: clock.now, path: request.path, csrf: request.csrf,
      theme: request.cookies["theme"].flatMap { ["light", "dark"].contains($0) ? $0 : nil },
      bringsSheet: sheet.isWanted(by: request))
  }

  /// The same reader's, in another language: for looking at a page as somebody else would.
  package func context(language: Language, for request: Request) -> PageContext {
    var context = context(for: request)
    context.t = catalogue.words(in: language)
    return context
  }

  /// The words, zone and tools for a reader who is not here: a mail's recipient, a job's subject.
  package func context(language: Language, zone identifier: String) -> PageContext {
    PageContext(
      site: self, t: catalogue.words(in: language), viewer: nil, zone: Zone(identifier) ?? Zone(zone) ?? .utc,
      now: clock.now,
      path: "", csrf: "")
  }

  /// A whole page: the view in the shell.
  package func page(_ view: some View, for request: Request, status: Int = 200) -> Response {
    page(view, on: context(for: request), status: status)
  }

  /// A page on a context of its own: one that is shown to nobody in particular, or in other clothes.
  package func page(_ view: some View, on context: PageContext, status: Int = 200) -> Response {
    let sheet = sheet
    var response = Response.html(Shell(view: view, page: context, sheet: sheet).markup, status: status)
    if context.bringsSheet { response.styleDigest = sheet.digest }
    return response
  }

  /// The page that stands for a failure; `Web`'s one translator calls it.
  package func problem(_ problem: Problem, for request: Request) -> Response {
    page(ProblemPage(problem: problem, number: request.id), for: request, status: problem.status)
  }
}

/// Something with a title and a body, built of plain values. It queries nothing and knows no request.
package protocol View: Sendable {
  var layout: Layout { get }
  /// What the screen wears beside the house's one sheet: `room` is `Assets/css/room`. For what hardly any screen needs.
  var sheets: [String] { get }
  func title(_ page: PageContext) -> String
  func body(_ page: PageContext) -> HTML
}

extension View {
  package var layout: Layout { .standard }
  package var sheets: [String] { [] }
}

/// A view that was drawn already, for every reader of one language and zone: nothing on it may be of one reader alone.
package struct Drawn: View {
  package let layout: Layout
  package let sheets: [String]
  private let words: String
  private let markup: HTML

  package init(_ view: some View, on page: PageContext) {
    layout = view.layout
    sheets = view.sheets
    words = view.title(page)
    markup = view.body(page)
  }

  package func title(_ page: PageContext) -> String { words }
  package func body(_ page: PageContext) -> HTML { markup }

  /// Bytes, about.
  package var weight: Int { words.utf8.count + markup.bytes.count }
}

/// How wide a page's content runs, and whether the shell stands round it.
package enum Layout: Sendable {
  /// 72rem: lists and dashboards.
  case standard
  /// 44rem: forms, receipts.
  case narrow
  /// 28rem: sign-in.
  case slim
  /// Edge to edge: landing.
  case full
  /// Edge to edge and without footer and bottom bar: the live room.
  case room
  /// 44rem with nothing round it: what stands when the site cannot be reached.
  case bare
}

/// A piece that an upper room gives a lower one to show on its page, for the thing that page is about.
package struct Panel<Subject: Sendable>: Sendable {
  private let render: @Sendable (Subject, PageContext) async throws -> HTML

  package init(_ render: @escaping @Sendable (Subject, PageContext) async throws -> HTML) { self.render = render }

  package static var none: Panel { Panel { _, _ in .none } }

  package func callAsFunction(_ subject: Subject, _ page: PageContext) async throws -> HTML {
    try await render(subject, page)
  }
}
