import Core
import HTML
package import Site

/// What hangs in the gallery: a receipt.
package enum CheckoutSpecimens {
  package static func shown(_ page: PageContext) -> [Specimen] {
    let payment = PaymentRecord(
      id: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0201),
      booking: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0202),
      payer: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0203), provider: "simulated",
      amount: Money(3200, .usd), state: PaymentState(.succeeded), charge: nil, url: nil, failure: nil,
      receiptNumber: 1042, createdAt: page.now - .days(2), succeededAt: page.now - .days(2), refunded: 0,
      subject: page.t("home.step1"), tutor: "Amal Haddad", startsAt: page.now + .days(1))
    let receipt = ReceiptPage(payment: payment, payer: "Lena Hofer", refunds: [])
    return [Specimen(.money, "ReceiptPage", receipt.sheet(page, "<h3>\(page.t("checkout.receipt"))</h3>"))]
  }
}

extension PaymentRecord {
  init(
    id: ID<Payment>, booking: ID<Booking>, payer: ID<User>, provider: String, amount: Money, state: PaymentState,
    charge: String?, url: String?, failure: String?, receiptNumber: Int?, createdAt: Instant, succeededAt: Instant?,
    refunded: Int, subject: String, tutor: String, startsAt: Instant
  ) {
    self.id = id
    self.booking = booking
    self.payer = payer
    self.provider = provider
    self.amount = amount
    self.state = state
    self.charge = charge
    self.url = url
    self.failure = failure
    self.receiptNumber = receiptNumber
    self.createdAt = createdAt
    self.succeededAt = succeededAt
    self.refunded = refunded
    self.subject = subject
    self.tutor = tutor
    self.startsAt = startsAt
  }
}
