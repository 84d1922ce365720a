package import Bookings
package import Core
package import Jobs
package import Ledger
package import Platform
package import Postgres
package import Site
package import Web

/// Learners pay for what they booked, and everybody sees where their money is.
///
/// Owns `payments`, `receipt_counter`, `refunds`, `gateway_events`. Reads `lesson_facts` (Bookings). Hears ``RefundDue``
/// and sends the money back. The API is in `CheckoutAPI.swift`, the simulated gateway's own pages in `SimulatedPages.swift`.
package struct CheckoutFeature: Feature {
  let database: Database
  let site: Site
  let bookings: Bookings
  let ledger: Ledger
  let payments: Payments
  let simulated: SimulatedGateway?
  let clock: WallClock

  package init(
    database: Database, site: Site, bookings: Bookings, ledger: Ledger, payments: Payments,
    simulated: SimulatedGateway?, clock: WallClock
  ) {
    self.database = database
    self.site = site
    self.bookings = bookings
    self.ledger = ledger
    self.payments = payments
    self.simulated = simulated
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.checkout, as: Member.self, checkout)
    routes.on(.post, Doors.checkout, as: Member.self, pay)
    routes.on(.get, CheckoutPaths.returned, as: Member.self, returned)
    routes.on(.get, Doors.receipt, as: Member.self, receipt)
    routes.on(.get, Doors.wallet, as: Member.self, wallet)
    apiRoutes(&routes)
    if simulated != nil { simulatedRoutes(&routes) }
  }

  package var jobs: [JobHandler] {
    var jobs = [JobHandler(SendRefund.self) { job, _ in try await payments.send(job.refund) }]
    if let simulated {
      jobs.append(JobHandler(DeliverSimulated.self) { job, _ in try await simulated.deliver(job.message) })
    }
    return jobs
  }

  package var reactions: [Reaction] {
    [Reaction(RefundDue.self, "checkout.send-money-back") { due, tx in try await payments.hear(due, in: tx) }]
  }

  package var schedules: [Schedule] {
    [Schedule("checkout.reconcile", every: .minutes(2)) { try await payments.reconcileSilent() }]
  }

  // MARK: Pages

  func checkout(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    try await checkoutPage(request, member, booking)
  }

  private func checkoutPage(
    _ request: Request, _ member: Member, _ booking: ID<Booking>, refusal: Payments.Refusal? = nil, status: Int = 200
  ) async throws -> Response {
    let booked = try await bookings.booking(booking, of: member.id, from: database)
    guard booked.party(of: member.id) == .learner else { throw Failure.notFound }
    if booked.reservation.holdsSettled { return .see(Doors.booking(booking)) }
    let last = try await database.first(.newest(of: booking, payer: member.id))
    return site.page(
      CheckoutPage(booked: booked, last: last, refusal: refusal, isSimulated: payments.standard == "simulated"),
      for: request, status: status)
  }

  func pay(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    do {
      let payment = try await payments.begin(booking, payer: member.id)
      guard let url = payment.url else { throw Failure.unavailable }
      return url.hasPrefix("/") ? .see(url) : .away(url)
    } catch Payments.Refusal.paidAlready { return .see(Doors.booking(booking)) } catch let refusal as Payments.Refusal {
      return try await checkoutPage(request, member, booking, refusal: refusal, status: 422)
    }
  }

  /// Back from the gateway. What it says in the address is not believed; what it says when asked, or by webhook, is.
  func returned(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    guard var payment = try await database.first(.newest(of: booking, payer: member.id)) else { throw Failure.notFound }
    if payment.state.stage.isOpen {
      let tries = min(max(request.query.int("try") ?? 0, 0), 60)
      // The webhook is given a moment first: it is the ordinary way.
      if tries >= 1 { try await payments.reconcile(payment) }
      payment = try await database.first(.payment(payment.id, of: member.id)) ?? payment
      if payment.state.stage.isOpen {
        let next = CheckoutPaths.returned(booking) + "?try=\(min(tries + 1, 60))"
        return site.page(WaitingForGateway(booking: booking, payment: payment), for: request).with(
          header: "refresh", "2; url=\(next)"
        ).unstored
      }
    }
    switch payment.state.stage {
    case .succeeded: return .see(Doors.booking(booking))
    default: return .see(Doors.checkout(booking))
    }
  }

  func receipt(_ request: Request, member: Member, payment: ID<Payment>) async throws -> Response {
    guard let record = try await database.first(.payment(payment, of: member.id)), record.receiptNumber != nil else {
      throw Failure.notFound
    }
    return site.page(
      ReceiptPage(payment: record, payer: member.identity.name, refunds: try await database.all(.refunds(of: payment))),
      for: request)
  }

  func wallet(_ request: Request, member: Member) async throws -> Response {
    let pageSize = 20
    let history = try await database.all(
      .history(of: member.id, before: request.query["after"].flatMap { PageCursor($0) }, limit: pageSize))
    let shown = Array(history.prefix(pageSize))
    let next =
      history.count > pageSize
      ? shown.last.map { PageCursor(key: $0.createdAt.rfc3339, id: $0.id.description).text } : nil
    var tutor: WalletPage.TutorSide?
    if member.identity.roles.contains(.tutor) {
      tutor = WalletPage.TutorSide(
        balances: try await ledger.balances(of: member.id, [.tutorPayable], from: database),
        lines: try await ledger.explanation(of: member.id, [.tutorPayable], limit: 50, from: database))
    }
    let held = try await ledger.balances(of: member.id, [.held, .learnerWallet, .refundsPayable], from: database)
    return site.page(WalletPage(payments: shown, next: next, held: held, tutor: tutor), for: request)
  }
}
