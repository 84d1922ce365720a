import Bookings
import Core
import JSON
import Ledger
import Postgres
import Site
import Web

extension CheckoutFeature {
  func apiRoutes(_ routes: inout Routes) {
    routes.api(.post, CheckoutPaths.apiProcess, as: Member.self, .pay, apiProcess)
    routes.api(.get, CheckoutPaths.apiHistory, as: Member.self, .payments, apiHistory)
    routes.api(.get, CheckoutPaths.apiPayment, as: Member.self, .onePayment, apiPayment)
    routes.api(.post, CheckoutPaths.apiRefund, as: Member.self, .giveBack, apiRefund)
    routes.api(.post, CheckoutPaths.webhook, as: Guest.self, limits: .webhook, .hearProvider, webhook)
    routes.api(.get, CheckoutPaths.apiFinances, as: Member.self, .balances, apiBalances)
    routes.api(.get, CheckoutPaths.apiBalances, as: Member.self, .balances, apiBalances)
    routes.api(.get, CheckoutPaths.apiTransactions, as: Member.self, .transactions, apiTransactions)
  }

  /// 200 once the message is stored; a duplicate is 200 as well. A bad signature is 400, and kept as refused.
  func webhook(_ request: Request, guest: Guest, provider: String) async throws -> Response {
    guard let gateway = payments.gateways[provider] else { throw Failure.notFound }
    let body = String(decoding: request.body.prefix(100_000).filter { $0 != 0 }, as: UTF8.self)
    let news: [News]
    do { news = try gateway.read(webhook: request, now: clock.now) } catch let refusal as WebhookRefusal {
      try await database.run(.refuse(from: provider, body: body, reason: refusal.rawValue, at: clock.now))
      throw Problem(400, "The message was not signed by the provider.", kind: "bad_signature")
    }
    for item in news { try await payments.hear(item, from: provider, body: body) }
    return .json(200) { w in w.object { w in w.field("received", true) } }
  }

  /// Paying is idempotent by the booking itself: one open payment each, so the key adds nothing and is allowed.
  func apiProcess(_ request: Request, member: Member) async throws -> Response {
    let json = try request.json()
    guard let booking: ID<Booking> = json["booking"]?.id() else {
      throw Problem.invalid(["booking": ["Which booking is paid for?"]])
    }
    do {
      let payment = try await payments.begin(booking, payer: member.id, provider: json["provider"]?.string)
      return .json(201) { w in
        w.object { w in
          fields(of: payment, into: &w)
          w.object("checkout") { w in
            w.field("kind", "redirect")
            w.field("url", payment.url.map { $0.hasPrefix("/") ? site.url + $0 : $0 })
          }
        }
      }
    } catch let refusal as Payments.Refusal { throw problem(refusal, request) }
  }

  private func problem(_ refusal: Payments.Refusal, _ request: Request) -> Problem {
    Problem(
      422, site.context(for: request).t.sentence("checkout.refusal.\(refusal.rawValue)", [:]),
      kind: refusal == .paidAlready ? "paid_already" : "not_payable")
  }

  func apiPayment(_ request: Request, member: Member, payment: ID<Payment>) async throws -> Response {
    guard let record = try await database.first(.payment(payment, of: member.id)) else { throw Failure.notFound }
    let refunds = try await database.all(.refunds(of: payment))
    return .json(200) { w in
      w.object { w in
        fields(of: record, into: &w)
        w.array("refunds", refunds) { w, refund in
          w.object { w in
            w.field("id", refund.id)
            w.field("amount", refund.amount)
            w.field("rule", refund.rule)
            w.field("status", refund.state)
          }
        }
      }
    }
  }

  /// A refund follows from cancelling, by the policy frozen into the booking; asking for one says which rule holds.
  func apiRefund(_ request: Request, member: Member, payment: ID<Payment>) async throws -> Response {
    guard let record = try await database.first(.payment(payment, of: member.id)) else { throw Failure.notFound }
    guard record.state.stage == .succeeded else {
      throw Problem(422, "There is nothing to give back: this payment did not go through.", kind: "not_paid")
    }
    let booked = try await bookings.booking(record.booking, of: member.id, from: database)
    guard booked.reservation.state.isLive, let actor = booked.actor(member.id) else {
      throw Problem(
        422, "The lesson is over or cancelled already. If something went wrong, report it on the booking.",
        kind: "not_cancellable")
    }
    let change: Bookings.Change
    do {
      change = try await database.transaction { tx in
        try await bookings.act(
          .cancel, on: record.booking, by: actor, channel: .api, reason: try? request.json()["reason"]?.string, in: tx)
      }
    } catch let refusal as Reservation.Refusal {
      throw Problem(422, "The booking cannot be cancelled now.", kind: refusal.rawValue)
    }
    let refund = change.after.reservation.refund
    return .json(200) { w in
      w.object { w in
        w.field("status", change.after.state.rawValue)
        w.object("refund") { w in
          w.field("amount", refund?.amount.amount ?? 0)
          w.field("currency", record.amount.currency)
          w.field("rule", refund?.rule.rawValue)
        }
      }
    }
  }

  func apiHistory(_ request: Request, member: Member) async throws -> Response {
    let pageSize = min(100, max(1, request.query.int("page_size") ?? 20))
    let found = try await database.all(
      .history(of: member.id, before: request.query["cursor"].flatMap { PageCursor($0) }, limit: pageSize))
    let shown = found.prefix(pageSize)
    let next: String? =
      if found.count > pageSize, let last = shown.last {
        site.url + CheckoutPaths.apiHistory() + "?"
          + request.query.with("cursor", PageCursor(key: last.createdAt.rfc3339, id: last.id.description).text).encoded
      } else { nil }
    return .json(200) { w in
      w.object { w in
        w.field("count", shown.count)
        w.field("next", next)
        w.field("previous", String?.none)
        w.array("results", shown) { w, payment in w.object { w in fields(of: payment, into: &w) } }
      }
    }
  }

  func apiBalances(_ request: Request, member: Member) async throws -> Response {
    let earned = try await ledger.balances(of: member.id, [.tutorPayable], from: database)
    let held = try await ledger.balances(of: member.id, [.held], from: database)
    let returning = try await ledger.balances(of: member.id, [.refundsPayable], from: database)
    return .json(200) { w in
      w.object { w in
        w.array("earned", earned) { w, money in w.write(money) }
        w.array("held", held) { w, money in w.write(money) }
        w.array("returning", returning) { w, money in w.write(money) }
      }
    }
  }

  func apiTransactions(_ request: Request, member: Member) async throws -> Response {
    let lines = try await ledger.explanation(
      of: member.id, [.tutorPayable, .held, .learnerWallet, .refundsPayable], limit: 100, from: database)
    return .json(200) { w in
      w.object { w in
        w.field("count", lines.count)
        w.array("results", lines) { w, line in
          w.object { w in
            w.field("number", line.number)
            w.field("at", line.at)
            w.field("kind", line.kind.rawValue)
            w.field("moved", line.moved)
            w.field("balance", line.balance)
          }
        }
      }
    }
  }

  private func fields(of payment: PaymentRecord, into w: inout JSONWriter) {
    w.field("id", payment.id)
    w.field("booking", payment.booking)
    w.field("provider", payment.provider)
    w.field("amount", payment.amount)
    w.field("status", payment.state.stage.rawValue)
    w.field("failure", payment.failure)
    w.field("receipt_number", payment.receiptNumber)
    w.field("created_at", payment.createdAt)
    w.field("succeeded_at", payment.succeededAt)
  }
}
