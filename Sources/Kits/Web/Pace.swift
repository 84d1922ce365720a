package import Core

/// How often one person may do what no route counts, such as the words of a socket: the rates that a class has for
/// people, counted in the shared store when there is one and in this process otherwise.
package struct Pace: Sendable {
  private let quotas: [Quota]
  private let store: (any LimitStore)?
  private let memory = MemoryLimits(most: 20_000)

  /// As often as anybody likes.
  package static let free = Pace(.watch, WebSettings(siteURL: "", secret: Array(repeating: 0, count: 32)))

  /// The rates, their factor and the store are those of the routes.
  package init(_ kind: RateClass, _ settings: WebSettings) {
    store = settings.limitStore
    quotas = settings.quotas(settings.rates.rates(of: kind).filter { $0.key == .user }) { _ in kind.rawValue }
      .map(\.quota)
  }

  /// Nothing when the person may go on; else the seconds until they may.
  package func spend(_ user: ID<User>, at now: Instant) async -> Int? {
    for quota in quotas {
      var verdict: LimitVerdict?
      // A shared store that cannot be asked opens no door: this process counts by itself meanwhile.
      if let store { verdict = try? await store.spend(quota, holder: user.description, at: now) }
      let answer = verdict ?? memory.take(quota, holder: user.description, at: now)
      if !answer.isAllowed { return max(1, answer.retryAfter) }
    }
    return nil
  }
}

extension WebSettings {
  /// The rates as they are counted here: with the site's factor, each with the name of its pool. None at factor 0.
  func quotas(_ rates: [Rate], name: (Int) -> String) -> [(rate: Rate, quota: Quota)] {
    guard rateFactor > 0 else { return [] }
    return rates.enumerated().map { at, rate in
      let count = max(1, Int((Double(rate.count) * rateFactor).rounded()))
      return (rate, Quota(rate.pool ?? name(at), count, per: rate.period))
    }
  }
}
