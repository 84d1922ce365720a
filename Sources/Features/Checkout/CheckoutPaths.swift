import Core
import Site

enum CheckoutPaths {
  static let returned = Path("/checkout/:booking/return", as: ID<Booking>.self)

  static let apiProcess = Path("/api/payments/process/")
  static let apiPayment = Path("/api/payments/:payment/", as: ID<Payment>.self)
  static let apiRefund = Path("/api/payments/:payment/refund/", as: ID<Payment>.self)
  static let apiHistory = Path("/api/payments/history/")
  static let webhook = Path("/api/payments/webhooks/:provider/", as: String.self)
  static let apiFinances = Path("/api/finances/")
  static let apiBalances = Path("/api/finances/balances/")
  static let apiTransactions = Path("/api/finances/transactions/")
}

/// The simulated gateway's own addresses.
enum SimulatedPaths {
  static let pay = Path("/simulated-gateway/:charge", as: String.self)
  static let authenticate = Path("/simulated-gateway/:charge/authentication", as: String.self)
  static let cancel = Path("/simulated-gateway/:charge/cancellation", as: String.self)
}
