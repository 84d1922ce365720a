import Audit
package import Bookings
package import Core
import Jobs
package import Ledger
package import Notices
package import Postgres
package import Site

/// Opening, hearing of and giving back payments. One writer for each payment: news is taken under the row's lock,
/// whether it came by webhook, by look-up or twice; the booking, the ledger and the receipt change in that commit.
package struct Payments: Sendable {
  let database: Database
  let bookings: Bookings
  let ledger: Ledger
  let notices: Notices
  let site: Site
  let clock: WallClock
  let gateways: [String: any Gateway]
  /// Whether no money moves: there is no gateway but the simulated one.
  package var isSimulated: Bool { gateways.keys.allSatisfy { $0 == "simulated" } }
  /// The one new payments go through.
  let standard: String

  package init(
    database: Database, bookings: Bookings, ledger: Ledger, notices: Notices, site: Site, clock: WallClock,
    gateways: [any Gateway]
  ) {
    self.database = database
    self.bookings = bookings
    self.ledger = ledger
    self.notices = notices
    self.site = site
    self.clock = clock
    self.gateways = Dictionary(uniqueKeysWithValues: gateways.map { ($0.name, $0) })
    standard = gateways.first?.name ?? ""
  }

  enum Refusal: String, Error, Equatable { case notPayable, paidAlready, unknownProvider }

  // MARK: Paying

  /// The open payment of a booking, made when there is none. Two tabs get the same one.
  func begin(_ booking: ID<Booking>, payer: ID<User>, provider: String? = nil) async throws -> PaymentRecord {
    let provider = provider ?? standard
    guard let gateway = gateways[provider] else { throw Refusal.unknownProvider }
    let booked = try await bookings.booking(booking, of: payer, from: database)
    guard booked.party(of: payer) == .learner else { throw Failure.notFound }
    if booked.reservation.holdsSettled { throw Refusal.paidAlready }
    guard booked.reservation.state.isUnpaid, !booked.reservation.price.isFree,
      booked.reservation.holdExpiresAt.map({ $0 > clock.now }) ?? false
    else { throw Refusal.notPayable }
    let payment: ID<Payment>
    do {
      payment = try await database.transaction { tx in
        try await bookings.awaitPayment(booking, in: tx)
        if let open = try await tx.first(.open(of: booking)) { return open.id }
        let id = ID<Payment>.new()
        try await tx.run(
          .insert(id, for: booking, by: payer, provider: provider, amount: booked.reservation.price, at: clock.now))
        return id
      }
    } catch let error as PostgresError where error.constraint == "one_open_payment_per_booking" {
      guard let open = try await database.first(.open(of: booking)) else { throw Refusal.notPayable }
      payment = open.id
    }
    guard let record = try await database.first(.payment(payment, of: payer)) else { throw Failure.notFound }
    if record.charge != nil { return record }
    // The gateway is asked outside any transaction; its key makes asking twice harmless.
    let t = site.context(language: .english, zone: "UTC").t
    let charge = try await gateway.open(
      Order(
        payment: payment, amount: record.amount,
        description: t("checkout.orderLine", subject: booked.subjectTitle, tutor: booked.tutor.name),
        returnPath: CheckoutPaths.returned(booking)))
    try await database.run(.opened(payment, charge, at: clock.now))
    guard let opened = try await database.first(.payment(payment, of: payer)) else { throw Failure.notFound }
    return opened
  }

  // MARK: Hearing

  /// Takes in what a gateway says. Every message once; each effect in one commit with the record of its message.
  func hear(_ news: News, from provider: String, body: String) async throws {
    try await database.transaction { tx in
      guard
        try await tx.one(
          .receive(
            news, from: provider, body: String(String.UnicodeScalarView(body.unicodeScalars.prefix(100_000))),
            outcome: "received", at: clock.now))
      else { return }
      guard let id = try await tx.first(.locked(charge: news.charge, of: provider)),
        let payment = try await tx.first(.payment(id))
      else {
        try await tx.run(.setOutcome("unknown charge", of: news, from: provider))
        return
      }
      let outcome = try await take(news, into: payment, in: tx)
      try await tx.run(.setOutcome(outcome, of: news, from: provider))
    }
  }

  private func take(_ news: News, into payment: PaymentRecord, in tx: Transaction) async throws -> String {
    switch payment.state.hearing(news, expected: payment.amount) {
    case .stale:
      try await tx.run(.asked(payment.id, at: clock.now))
      return "stale"
    case .mismatch: return "mismatch"
    case .move(.succeeded), .late(.succeeded):
      let number = try await tx.one(.nextReceiptNumber)
      try await tx.run(.move(payment.id, to: .succeeded, failure: nil, receipt: number, at: clock.now))
      try await notices.tell(
        payment.payer, "checkout.receipt",
        [
          "amount": .money(payment.amount), "subject": .text(payment.subject), "tutor": .text(payment.tutor),
          "at": .moment(payment.startsAt), "number": .number(number),
        ],
        link: Doors.receipt(payment.id), booking: payment.booking, in: tx)
      switch try await bookings.paid(payment.booking, payment: payment.id, amount: payment.amount, in: tx) {
      case .secured, .already: return "succeeded"
      case .returned(let amount, _):
        try await order(refundOf: amount, from: payment, rule: "too_late", in: tx)
        return "returned"
      }
    case .move(let stage), .late(let stage):
      try await tx.run(
        .move(
          payment.id, to: stage,
          failure: news.failure.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(60))) }, receipt: nil,
          at: clock.now))
      if !stage.isOpen { try await bookings.paymentFailed(payment.booking, in: tx) }
      return stage.rawValue
    }
  }

  /// Asks the gateway itself: when a payer comes back before the webhook, or none comes at all.
  func reconcile(_ payment: PaymentRecord) async throws {
    guard payment.state.stage.isOpen, let charge = payment.charge, let gateway = gateways[payment.provider] else {
      return
    }
    if let news = try await gateway.lookUp(charge) {
      try await hear(news, from: payment.provider, body: "{}")
    } else {
      try await database.run(.asked(payment.id, at: clock.now))
    }
  }

  func reconcileSilent() async throws {
    for payment in try await database.all(.silent(since: clock.now - .minutes(2), limit: 50)) {
      try await reconcile(payment)
    }
  }

  // MARK: Giving back

  /// Money that is owed back for a booking goes the way it came.
  func order(refundOf amount: Money, from payment: PaymentRecord, rule: String, in tx: Transaction) async throws {
    let left = payment.amount.amount - payment.refunded
    guard amount.amount > 0, amount.amount <= left else { return }
    let id = ID<RefundOrder>.new()
    try await tx.run(.insertRefund(id, of: payment, amount: amount, rule: rule, at: clock.now))
    try await tx.enqueue(SendRefund(refund: id))
  }

  func hear(_ due: RefundDue, in tx: Transaction) async throws {
    guard let payment = try await tx.first(.paid(of: due.booking)) else { return }
    try await order(refundOf: due.amount, from: payment, rule: due.rule, in: tx)
  }

  /// Sends one refund. The gateway knows it by its key, so a try that died half-way is finished by the next.
  func send(_ refund: ID<RefundOrder>) async throws {
    guard let order = try await database.first(.lockedRefund(refund)), order.state == "pending",
      let gateway = gateways[order.provider]
    else { return }
    let reference: String
    do { reference = try await gateway.refund(order.amount, of: order.charge, key: refund.description) } catch let
      refusal as GatewayRefusal
    {
      try await database.run(.settleRefund(refund, state: "failed", reference: nil, at: clock.now))
      throw Hopeless(refusal.reason)
    }
    try await database.transaction { tx in
      guard let order = try await tx.first(.lockedRefund(refund)), order.state == "pending" else { return }
      try await tx.run(.settleRefund(refund, state: "succeeded", reference: reference, at: clock.now))
      try await notices.tell(
        order.payer, "checkout.refunded", ["amount": .money(order.amount)], link: Doors.receipt(order.payment),
        booking: order.booking, in: tx)
      try await AuditLog(clock: clock).record(
        .refunded, by: .system, on: .payment(order.payment),
        ["amount": "\(order.amount.amount) \(order.amount.currency.code)", "rule": order.rule], in: tx)
      try await ledger.post(.refund(refund, to: order.payer, order.amount), in: tx)
    }
  }
}

struct SendRefund: Job {
  static let name = "checkout.send-refund"
  let refund: ID<RefundOrder>
}

extension Reservation {
  /// Paid for, or past the point where paying makes sense.
  var holdsSettled: Bool { state.holdsMoney || state == .completed }
}
