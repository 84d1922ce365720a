import Core
import HTML
import Postgres
import Site
import Web

// The simulated gateway's payment page: what the payer would see at a provider. It knows charges, not bookings.
extension CheckoutFeature {
  func simulatedRoutes(_ routes: inout Routes) {
    routes.on(.get, SimulatedPaths.pay, as: Guest.self, simulatedPage)
    routes.on(.post, SimulatedPaths.pay, as: Guest.self, simulatedPay)
    routes.on(.get, SimulatedPaths.authenticate, as: Guest.self, simulatedStep)
    routes.on(.post, SimulatedPaths.authenticate, as: Guest.self, simulatedAuthenticate)
    routes.on(.post, SimulatedPaths.cancel, as: Guest.self, simulatedCancel)
  }

  private func charge(_ id: String) async throws -> SimulatedCharge {
    guard let charge = try await database.first(.simulatedCharge(id)) else { throw Failure.notFound }
    return charge
  }

  func simulatedPage(_ request: Request, guest: Guest, id: String) async throws -> Response {
    let charge = try await charge(id)
    guard charge.state == "open" else { return .see(charge.returnPath) }
    return site.page(SimulatedPage(charge: charge, card: "", problem: nil), for: request).unstored
  }

  func simulatedPay(_ request: Request, guest: Guest, id: String) async throws -> Response {
    guard let simulated else { throw Failure.notFound }
    let charge = try await charge(id)
    let typed = request.form.text("card")
    let digits = typed.filter { $0 != " " && $0 != "-" }
    guard let card = SimulatedGateway.Card(rawValue: digits) else {
      return site.page(
        SimulatedPage(charge: charge, card: typed, problem: "checkout.simulated.unknownCard"), for: request, status: 422
      ).unstored
    }
    guard let after = try await simulated.pay(id, with: card) else { throw Failure.notFound }
    return .see(after.state == "authenticating" ? SimulatedPaths.authenticate(id) : after.returnPath)
  }

  func simulatedStep(_ request: Request, guest: Guest, id: String) async throws -> Response {
    let charge = try await charge(id)
    guard charge.state == "authenticating" else { return .see(charge.returnPath) }
    return site.page(SimulatedStep(charge: charge), for: request).unstored
  }

  func simulatedAuthenticate(_ request: Request, guest: Guest, id: String) async throws -> Response {
    guard let simulated else { throw Failure.notFound }
    let isAllowed = request.form.isOn("allow")
    let after =
      isAllowed
      ? try await simulated.pay(id, with: .success, isAuthenticated: true)
      : try await simulated.pay(id, with: .decline, isAuthenticated: true)
    guard let after else { throw Failure.notFound }
    return .see(after.returnPath)
  }

  func simulatedCancel(_ request: Request, guest: Guest, id: String) async throws -> Response {
    guard let simulated, let after = try await simulated.cancel(id) else { throw Failure.notFound }
    return .see(after.returnPath)
  }
}

struct SimulatedPage: View {
  let charge: SimulatedCharge
  let card: String
  let problem: String?

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("checkout.simulated.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let error = problem.map { t.sentence($0, [:]) }
    let cards: [HTML] = SimulatedGateway.Card.allCases.map { card in
      """
      <label class="choice"><input type="radio" name="card" value="\(card.rawValue)" required\(flag: "checked", when: self.card == card.rawValue || (self.card.isEmpty && card == .success))>\
      <span class="choice-body"><strong class="numeric"><bdi dir="ltr">\(Self.spaced(card.rawValue))</bdi></strong><span>\(t.sentence("checkout.simulated.card.\(card)", [:]))</span></span></label>
      """
    }
    let banner: HTML? = error.map { page.banner(.danger, $0) }
    return """
      \(page.head(t("checkout.simulated.title"), eyebrow: t("checkout.simulated.eyebrow"), lead: t("checkout.simulated.lead")))
      \(banner)
      <form class="form card" method="post" action="\(SimulatedPaths.pay(charge.id))" data-island="form">\(page.csrfField)
      <div class="balance"><p class="stat-label">\(t("checkout.simulated.toPay"))</p><p class="stat-value">\(page.money(charge.amount))</p></div>
      <fieldset class="fieldset"><legend class="label">\(t("checkout.simulated.cards"))</legend><div class="choices cards">\(cards)</div></fieldset>
      <div class="actions"><button class="button primary wide">\(page.icon("lock"))<span>\(t("checkout.payAmount", amount: page.money(charge.amount)))</span></button></div></form>
      <div class="center">\(page.postButton(t("checkout.simulated.cancel"), to: SimulatedPaths.cancel(charge.id), "quiet"))</div>
      """
  }

  private static func spaced(_ digits: String) -> String {
    stride(from: 0, to: digits.count, by: 4).map { String(digits.dropFirst($0).prefix(4)) }.joined(separator: " ")
  }
}

struct SimulatedStep: View {
  let charge: SimulatedCharge

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("checkout.simulated.stepTitle") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      \(page.head(t("checkout.simulated.stepTitle"), eyebrow: t("checkout.simulated.eyebrow"), lead: t("checkout.simulated.stepLead", amount: page.money(charge.amount))))
      <div class="card actions">\(page.postButton(t("checkout.simulated.allow"), to: SimulatedPaths.authenticate(charge.id), "primary", icon: "check", fields: [("allow", "1")]))
      \(page.postButton(t("checkout.simulated.deny"), to: SimulatedPaths.authenticate(charge.id), ""))</div>
      """
  }
}
