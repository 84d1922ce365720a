import Core
import Postgres

// Owns payments, receipt_counter, refunds, gateway_events; the simulated gateway owns simulated_charges and
// simulated_refunds. Reads lesson_facts (Bookings), people (Accounts), subjects (Tutors).

struct PaymentRecord: RowDecodable, Equatable {
  let id: ID<Payment>
  let booking: ID<Booking>
  let payer: ID<User>
  let provider: String
  let amount: Money
  let state: PaymentState
  let charge: String?
  let url: String?
  let failure: String?
  let receiptNumber: Int?
  let createdAt: Instant
  let succeededAt: Instant?
  /// Minor units sent back or under way.
  let refunded: Int
  let subject: String
  let tutor: String
  let startsAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    booking = try row.next()
    payer = try row.next()
    provider = try row.next()
    amount = Money(try row.next(), try row.next())
    let stage: String = try row.next()
    state = PaymentState(PaymentState.Stage(rawValue: stage) ?? .failed)
    charge = try row.next()
    url = try row.next()
    failure = try row.next()
    receiptNumber = try row.next()
    createdAt = try row.next()
    succeededAt = try row.next()
    refunded = try row.next()
    subject = try row.next()
    tutor = try row.next()
    startsAt = try row.next()
  }
}

struct RefundRecord: RowDecodable, Equatable {
  let id: ID<RefundOrder>
  let payment: ID<Payment>
  let booking: ID<Booking>
  let payer: ID<User>
  let provider: String
  let charge: String
  let amount: Money
  let rule: String
  let state: String
  let createdAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    payment = try row.next()
    booking = try row.next()
    payer = try row.next()
    provider = try row.next()
    charge = try row.next()
    amount = Money(try row.next(), try row.next())
    rule = try row.next()
    state = try row.next()
    createdAt = try row.next()
  }
}

package enum RefundOrder {}

struct SimulatedCharge: RowDecodable, Equatable {
  let id: String
  let amount: Money
  let state: String
  let refunded: Int
  let returnPath: String
  let version: Int

  init(row: inout RowReader) throws {
    id = try row.next()
    amount = Money(try row.next(), try row.next())
    state = try row.next()
    refunded = try row.next()
    returnPath = try row.next()
    version = try row.next()
  }

  /// What a look-up says. Its number is of the state, so that hearing it twice is hearing it once.
  var news: News? {
    let stage: PaymentState.Stage
    switch state {
    case "succeeded": stage = .succeeded
    case "declined": stage = .failed
    case "authenticating": stage = .requiresAction
    case "processing": stage = .processing
    case "cancelled": stage = .cancelled
    default: return nil
    }
    return News(
      event: "look_\(id)_\(version)", charge: id, stage: stage, amount: amount,
      failure: state == "declined" ? "declined" : nil)
  }
}

extension Query where Row == PaymentRecord {
  private static var columns: SQL {
    """
    p.id, p.booking_id, p.payer_id, p.provider, p.amount, p.currency, p.state, p.provider_ref, p.checkout_url, p.failure, p.receipt_number,
    p.created_at, p.succeeded_at, coalesce((select sum(r.amount) from refunds r where r.payment_id = p.id and r.state <> 'failed'), 0),
    s.title, t.full_name, l.starts_at
    """
  }

  private static var tables: SQL {
    "payments p join lesson_facts l on l.id = p.booking_id join subjects s on s.id = l.subject_id join people t on t.id = l.tutor_id"
  }

  /// Of the payer; nobody else finds it.
  static func payment(_ id: ID<Payment>, of payer: ID<User>) -> Self {
    Query("select \(columns) from \(tables) where p.id = \(id) and p.payer_id = \(payer)")
  }

  static func payment(_ id: ID<Payment>) -> Self { Query("select \(columns) from \(tables) where p.id = \(id)") }

  static func newest(of booking: ID<Booking>, payer: ID<User>) -> Self {
    Query(
      "select \(columns) from \(tables) where p.booking_id = \(booking) and p.payer_id = \(payer) order by p.created_at desc limit 1"
    )
  }

  static func open(of booking: ID<Booking>) -> Self {
    Query(
      "select \(columns) from \(tables) where p.booking_id = \(booking) and p.state in ('created', 'processing', 'requires_action')"
    )
  }

  static func paid(of booking: ID<Booking>) -> Self {
    Query(
      "select \(columns) from \(tables) where p.booking_id = \(booking) and p.state = 'succeeded' order by p.succeeded_at limit 1"
    )
  }

  static func history(of payer: ID<User>, before: PageCursor?, limit: Int) -> Self {
    let after: SQL =
      if let before, let at = Instant(rfc3339: before.key), let id = ID<Payment>(before.id) {
        "(p.created_at, p.id) < (\(at), \(id))"
      } else { "true" }
    return Query(
      "select \(columns) from \(tables) where p.payer_id = \(payer) and \(after) order by p.created_at desc, p.id desc limit \(limit + 1)"
    )
  }

  /// Payments that nothing was heard of for a while; the gateway is asked.
  static func silent(since: Instant, limit: Int) -> Self {
    Query(
      """
      select \(columns) from \(tables)
       where p.state in ('created', 'processing', 'requires_action') and p.provider_ref is not null and p.updated_at < \(since)
       order by p.updated_at limit \(limit)
      """)
  }
}

extension Query where Row == ID<Payment> {
  /// Locks the payment of a charge.
  static func locked(charge: String, of provider: String) -> Self {
    Query("select id from payments where provider = \(provider) and provider_ref = \(charge) for update")
  }
}

extension Query where Row == Int {
  static var nextReceiptNumber: Self { Query("update receipt_counter set last = last + 1 returning last") }

  static func moveSimulatedCharge(_ id: String, to state: String) -> Self {
    Query("update simulated_charges set state = \(state), version = version + 1 where id = \(id) returning version")
  }
}

extension Query where Row == Bool {
  /// Whether the message is new.
  static func receive(_ news: News, from provider: String, body: String, outcome: String, at now: Instant) -> Self {
    Query(
      """
      with kept as (
        insert into gateway_events (id, provider, event_id, kind, body, received_at, outcome)
        values (\(ID<GatewayEvent>.new()), \(provider), \(news.event), \(news.stage.rawValue), \(body), \(now), \(outcome))
        on conflict on constraint each_event_once do nothing returning id)
      select exists(select from kept)
      """)
  }
}

enum GatewayEvent {}

extension Query where Row == RefundRecord {
  private static var columns: SQL {
    """
    r.id, r.payment_id, r.booking_id, p.payer_id, p.provider, p.provider_ref, r.amount, r.currency, r.rule, r.state, r.created_at
      from refunds r join payments p on p.id = r.payment_id
    """
  }

  static func lockedRefund(_ id: ID<RefundOrder>) -> Self {
    Query("select \(columns) where r.id = \(id) for update of r")
  }

  static func refunds(of payment: ID<Payment>) -> Self {
    Query("select \(columns) where r.payment_id = \(payment) order by r.created_at")
  }
}

extension Query where Row == SimulatedCharge {
  static func simulatedCharge(_ id: String) -> Self {
    Query("select id, amount, currency, state, refunded, return_url, version from simulated_charges where id = \(id)")
  }

  static func lockedSimulatedCharge(_ id: String) -> Self {
    Query(
      "select id, amount, currency, state, refunded, return_url, version from simulated_charges where id = \(id) for update"
    )
  }
}

extension Query where Row == String {
  static func openSimulatedCharge(_ id: String, _ order: Order, returnURL: String, key: String, at now: Instant) -> Self
  {
    Query(
      """
      insert into simulated_charges (id, reference, amount, currency, return_url, idempotency_key, created_at)
      values (\(id), \(order.payment.description), \(order.amount.amount), \(order.amount.currency), \(returnURL), \(key), \(now))
      on conflict on constraint one_charge_per_key do update set reference = excluded.reference returning id
      """)
  }

  static func simulatedRefund(key: String) -> Self {
    Query("select id from simulated_refunds where idempotency_key = \(key)")
  }
}

extension Query<Void> {
  static func insert(
    _ id: ID<Payment>, for booking: ID<Booking>, by payer: ID<User>, provider: String, amount: Money, at now: Instant
  ) -> Self {
    Query(
      """
      insert into payments (id, booking_id, payer_id, provider, amount, currency, state, created_at, updated_at)
      values (\(id), \(booking), \(payer), \(provider), \(amount.amount), \(amount.currency), 'created', \(now), \(now))
      """)
  }

  static func opened(_ id: ID<Payment>, _ charge: OpenCharge, at now: Instant) -> Self {
    Query(
      "update payments set provider_ref = \(charge.charge), checkout_url = \(charge.url), updated_at = \(now) where id = \(id)"
    )
  }

  static func move(_ id: ID<Payment>, to stage: PaymentState.Stage, failure: String?, receipt: Int?, at now: Instant)
    -> Self
  {
    Query(
      """
      update payments set state = \(stage.rawValue), failure = \(failure), receipt_number = coalesce(\(receipt), receipt_number),
             succeeded_at = case when \(stage.rawValue) = 'succeeded' then \(now)::timestamptz else succeeded_at end, updated_at = \(now)
       where id = \(id)
      """)
  }

  static func asked(_ id: ID<Payment>, at now: Instant) -> Self {
    Query("update payments set updated_at = \(now) where id = \(id)")
  }

  static func refuse(from provider: String, body: String, reason: String, at now: Instant) -> Self {
    Query(
      """
      insert into gateway_events (id, provider, event_id, kind, body, received_at, outcome)
      values (\(ID<GatewayEvent>.new()), \(provider), \("refused_" + ID<GatewayEvent>.new().description), 'refused', \(body), \(now), \(reason))
      """)
  }

  static func setOutcome(_ outcome: String, of news: News, from provider: String) -> Self {
    Query("update gateway_events set outcome = \(outcome) where provider = \(provider) and event_id = \(news.event)")
  }

  static func insertRefund(
    _ id: ID<RefundOrder>, of payment: PaymentRecord, amount: Money, rule: String, at now: Instant
  ) -> Self {
    Query(
      """
      insert into refunds (id, payment_id, booking_id, amount, currency, rule, created_at)
      values (\(id), \(payment.id), \(payment.booking), \(amount.amount), \(amount.currency), \(rule), \(now))
      """)
  }

  static func settleRefund(_ id: ID<RefundOrder>, state: String, reference: String?, at now: Instant) -> Self {
    Query("update refunds set state = \(state), provider_ref = \(reference), settled_at = \(now) where id = \(id)")
  }

  static func insertSimulatedRefund(_ id: String, of charge: String, amount: Int, key: String) -> Self {
    Query(
      """
      with r as (insert into simulated_refunds (id, charge_id, amount, idempotency_key) values (\(id), \(charge), \(amount), \(key)))
      update simulated_charges set refunded = refunded + \(amount), version = version + 1 where id = \(charge)
      """)
  }
}
