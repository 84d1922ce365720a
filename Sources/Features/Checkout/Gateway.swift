package import Core
package import Web

/// A payment provider, seen from the site: it opens charges, says what became of them, and sends money back. Every call
/// carries a key that makes repeating it harmless.
package protocol Gateway: Sendable {
  /// As it stands in addresses and columns: `simulated`, `stripe`.
  var name: String { get }

  /// Opens a charge and says where the payer goes. Again with the same key gives the same charge.
  func open(_ order: Order) async throws -> OpenCharge

  /// What the gateway knows of a charge now; for webhooks that never come.
  func lookUp(_ charge: String) async throws -> News?

  /// Verifies and reads a webhook. Throws ``WebhookRefusal``; nothing unverified has any effect.
  func read(webhook: Request, now: Instant) throws -> [News]

  /// Sends money back. Again with the same key gives the same refund.
  func refund(_ amount: Money, of charge: String, key: String) async throws -> String
}

package struct Order: Sendable {
  package let payment: ID<Payment>
  package let amount: Money
  /// One line that the payer sees at the gateway.
  package let description: String
  /// A path of this site to come back to.
  package let returnPath: String
}

package struct OpenCharge: Sendable {
  package let charge: String
  package let url: String
}

package enum WebhookRefusal: String, Error, Sendable { case unsigned, forged, stale, malformed }

/// The gateway refused what was asked, for good.
package struct GatewayRefusal: Error, Sendable { package let reason: String }
