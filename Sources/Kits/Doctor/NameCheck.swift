import CResolv
import Core

/// The records in the name system that let our mail arrive: MX, SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489).
/// Blocks.
package struct NameCheck {
  /// Where to ask, instead of the system's resolvers: an IPv4 address, and a port after a colon.
  private let server: (address: String, port: Int32)?
  private let domain: String
  private let selector: String?

  /// - Parameters:
  ///   - domain: what stands after the @ of the address mail comes from.
  ///   - selector: the name under `_domainkey` that the mail server signs with.
  package init(domain: String, selector: String?, server: String? = nil) {
    self.domain = domain
    self.selector = selector
    self.server = server.map { text in
      let parts = text.split(separator: ":")
      return (String(parts[0]), parts.count > 1 ? Int32(parts[1]) ?? 53 : 53)
    }
  }

  private enum Answer {
    case records([String])
    case none
    case silence
  }

  package func findings() -> [Finding] {
    guard domain.contains("."), !domain.hasSuffix(".localhost"), !domain.hasSuffix(".test") || server != nil else {
      return [
        Finding(
          "names", .warning, "Mail comes from \(domain), which is no name of the Internet.",
          cure: "Set MAIL_FROM to an address of your own domain before strangers get mail.")
      ]
    }
    var found: [Finding] = []
    switch ask(domain, .mx) {
    case .records(let hosts): found.append(Finding("names", .well, "\(domain) receives mail at \(hosts[0])."))
    case .none:
      found.append(
        Finding(
          "names", .warning, "\(domain) has no MX record: replies and bounces go nowhere.",
          cure: "Add an MX record that names the server which takes mail for \(domain)."))
    case .silence:
      return [
        Finding(
          "names", .broken, "The name server does not answer.", cure: "Check /etc/resolv.conf and the network.")
      ]
    }
    found.append(
      text(
        domain, "SPF", begins: "v=spf1",
        cure: "Add a TXT record to \(domain): v=spf1 include:<your mail provider> -all"))
    if let selector, !selector.isEmpty {
      found.append(
        text(
          "\(selector)._domainkey.\(domain)", "DKIM", begins: "v=dkim1", contains: "p=",
          cure: "Publish the public key your mail server signs with as a TXT record there, or put DKIM_SELECTOR right.")
      )
    } else {
      found.append(
        Finding(
          "names", .warning, "Whether mail is signed (DKIM) was not looked at.",
          cure: "Set DKIM_SELECTOR to the name your mail server signs under."))
    }
    found.append(
      text(
        "_dmarc.\(domain)", "DMARC", begins: "v=dmarc1",
        cure: "Add a TXT record to _dmarc.\(domain): v=DMARC1; p=quarantine; rua=mailto:postmaster@\(domain)"))
    return found
  }

  private func text(_ name: String, _ what: String, begins: String, contains: String = "", cure: String) -> Finding {
    switch ask(name, .txt) {
    case .silence: return Finding("names", .broken, "The name server does not answer for \(name).", cure: cure)
    case .none: return Finding("names", .broken, "\(name) has no \(what) record.", cure: cure)
    case .records(let texts):
      let fitting = texts.filter { $0.lowercased().hasPrefix(begins) }
      if fitting.count > 1 {
        return Finding(
          "names", .broken, "\(name) has \(fitting.count) \(what) records; receivers then ignore all of them.",
          cure: "Leave one.")
      }
      guard let one = fitting.first, contains.isEmpty || one.contains(contains) else {
        return Finding("names", .broken, "\(name) has no \(what) record.", cure: cure)
      }
      if what == "SPF", one.lowercased().hasSuffix("+all") {
        return Finding(
          "names", .broken, "\(name) lets everybody send in its name (+all).", cure: "End the record with -all.")
      }
      return Finding("names", .well, "\(name) has its \(what) record.")
    }
  }

  private enum Kind: Int32 { case mx = 15, txt = 16 }

  private func ask(_ name: String, _ kind: Kind) -> Answer {
    var answer = [UInt8](repeating: 0, count: 65_535)
    var reason: Int32 = 0
    let length = tl_ask(server?.address, server?.port ?? 53, name, kind.rawValue, &answer, Int32(answer.count), &reason)
    // h_errno: 1 no such name, 4 no such record; 2 and 3 are the server's trouble.
    guard length >= 0 else { return reason == 1 || reason == 4 ? .none : .silence }
    var records: [String] = []
    var data = [UInt8](repeating: 0, count: 65_535)
    var index: Int32 = 0
    var type: Int32 = 0
    while true {
      let count = tl_record(answer, length, index, &type, &data, Int32(data.count))
      guard count >= 0 else { break }
      index += 1
      guard type == kind.rawValue else { continue }
      records.append(
        kind == .txt ? Self.joined(data[..<Int(count)]) : String(decoding: data[..<Int(count)], as: UTF8.self))
    }
    return records.isEmpty ? .none : .records(records)
  }

  /// A text record is strings of up to 255 bytes, each after its length; together they are the text.
  private static func joined(_ data: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = data
    while let length = rest.popFirst() {
      bytes += rest.prefix(Int(length))
      rest = rest.dropFirst(Int(length))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
