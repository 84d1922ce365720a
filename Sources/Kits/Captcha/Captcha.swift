package import Core
import Crypto
package import HTML
package import JSON
package import Outbound
package import Site
package import Web

// What keeps machines from using public forms by the thousand. The standard way asks nothing of people: their browser
// does a second's work (Work.swift), unseen, told to screen readers, and with nobody else involved. A site may choose
// one of three vendors instead (Vendor.swift).
//
// Whoever brings no proof at all (no JavaScript, a vendor that is away) is not turned away but counted: a few forms an
// hour from one address and some more from all of them together. That is what keeps the forms usable without JavaScript,
// and why a vendor's bad day does not close the house.

/// The question whether a person sent a form.
package struct Captcha: Sendable {
  /// How it is asked.
  package enum Way: Sendable, Equatable {
    /// Not at all.
    case off
    /// The browser works; each bit doubles what it has to do.
    case work(bits: Int)
    /// Somebody else's widget.
    case vendor(Vendor, siteKey: String, secret: String)
  }

  /// Why a form is not taken. Its name is the end of a sentence's key.
  package enum Refusal: String, Error, Sendable {
    /// The proof is wrong, too old or used.
    case wrong
    /// There is no proof, and too many came without.
    case tooMany
  }

  private let way: Way
  private let key: [UInt8]
  private let host: String
  private let client: HTTPClient?
  /// Where the vendor is asked; its own address unless a test stands in.
  private let address: String?
  private let store: (any LimitStore)?
  private let memory = MemoryLimits(most: 20_000)
  private let clock: WallClock

  /// No question: for tests, and for sites behind a wall of their own.
  package static let off = Captcha(.off, secret: "", siteURL: "")

  /// - Parameters:
  ///   - secret: the site's; challenges are signed with a key derived from it.
  ///   - siteURL: the address people use; a vendor's answer must be about its host.
  ///   - client: how a vendor is asked.
  ///   - address: where, instead of at the vendor's own address; for tests.
  ///   - store: where used proofs are remembered when several nodes share a site; nothing: in this process.
  package init(
    _ way: Way, secret: String, siteURL: String, client: HTTPClient? = nil, address: String? = nil,
    store: (any LimitStore)? = nil, clock: WallClock = .system
  ) {
    self.way = way
    key = HMAC.sign("captcha", key: Array(secret.utf8))
    host = siteURL.split(separator: "/").dropFirst().first.map { String($0.split(separator: ":")[0]) } ?? ""
    self.client = client
    self.address = address
    self.store = store
    self.clock = clock
  }

  /// What the form with that name carries. The name is signed with it: proofs for one form are none for another.
  package func field(for form: String) -> CaptchaField {
    switch way {
    case .off: .none
    case .work(let bits): .work(Work.challenge(for: form, bits: bits, key: key, at: clock.now), bits: bits)
    case .vendor(let vendor, let siteKey, _): .vendor(vendor, siteKey: siteKey)
    }
  }

  /// A page with ``field(for:)`` on it, opened for the vendor that was chosen and for nobody else.
  package func opening(_ page: Response) -> Response {
    guard case .vendor(let vendor, _, _) = way else { return page }
    var page = page
    page.foreign = vendor.content
    return page
  }

  /// Throws ``Refusal`` unless the form is to be taken. A proof counts once, also when the form is refused later.
  package func judge(_ request: Request, for form: String) async throws {
    switch way {
    case .off: return
    case .work(let bits):
      let proof = text("captcha", in: request)
      guard !proof.isEmpty else { return try await countWithout(request, form) }
      guard let nonce = Work.nonce(ofProof: proof, for: form, bits: bits, key: key, at: clock.now) else {
        throw Refusal.wrong
      }
      let once = Quota("captcha-used", 1, per: Work.lifetime)
      guard await spend(once, nonce).isAllowed else { throw Refusal.wrong }
    case .vendor(let vendor, _, let secret):
      let token = request.form[vendor.field] ?? text("captcha", in: request)
      guard !token.isEmpty else { return try await countWithout(request, form) }
      // A vendor's tokens are a kilobyte or two; what is longer is none.
      guard token.utf8.count <= 8192 else { throw Refusal.wrong }
      guard let client else { return try await countWithout(request, form) }
      switch await vendor.ask(client, at: address, secret: secret, token: token, person: request.address, host: host) {
      case .yes: return
      case .no: throw Refusal.wrong
      case .away: try await countWithout(request, form)
      }
    }
  }

  private func countWithout(_ request: Request, _ form: String) async throws {
    let own = Quota("captcha-without", 3, per: .hours(1))
    guard await spend(own, form + " " + request.addressKey).isAllowed else { throw Refusal.tooMany }
    let all = Quota("captcha-without-all", 100, per: .hours(1))
    guard await spend(all, form).isAllowed else { throw Refusal.tooMany }
  }

  private func spend(_ quota: Quota, _ holder: String) async -> LimitVerdict {
    if let store, let verdict = try? await store.spend(quota, holder: holder, at: clock.now) { return verdict }
    return memory.take(quota, holder: holder, at: clock.now)
  }

  /// From a form, or from the JSON of a call.
  private func text(_ field: String, in request: Request) -> String {
    if let text = request.form[field] { return text }
    guard !request.body.isEmpty, let json = try? JSON.read(request.body) else { return "" }
    return json[field]?.string ?? ""
  }
}

/// What a form carries to prove itself: a plain value for its view.
package enum CaptchaField: Sendable, Equatable {
  case none
  case work(String, bits: Int)
  case vendor(Vendor, siteKey: String)

  /// The piece of the form, before its button.
  package func markup(_ page: PageContext) -> HTML {
    switch self {
    case .none: return .none
    case .work(let challenge, let bits):
      return """
        <div class="captcha" data-island="work" data-challenge="\(challenge)" data-bits="\(bits)" data-count="\(Work.count)" \
        data-working="\(page.t("site.captchaWorking"))" data-done="\(page.t("site.captchaDone"))">\
        <input type="hidden" name="captcha" value=""><p class="hint" role="status"></p>\
        <noscript><p class="hint">\(page.t("site.captchaWithout"))</p></noscript></div>
        """
    case .vendor(let vendor, let siteKey):
      return """
        <div class="captcha"><div class="\(vendor.widget)" data-sitekey="\(siteKey)"></div>\
        <script src="\(vendor.script)" async defer></script>\
        <noscript><p class="hint">\(page.t("site.captchaWithout"))</p></noscript></div>
        """
    }
  }

  /// The same for a program.
  package func write(to w: inout JSONWriter) {
    w.object { w in
      switch self {
      case .none: w.field("kind", "none")
      case .work(let challenge, let bits):
        w.field("kind", "work")
        w.field("challenge", challenge)
        w.field("bits", bits)
        w.field("count", Work.count)
      case .vendor(let vendor, let siteKey):
        w.field("kind", vendor.rawValue)
        w.field("site_key", siteKey)
      }
    }
  }
}
