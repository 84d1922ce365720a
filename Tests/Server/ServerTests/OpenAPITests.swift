import Core
import JSON
import Testing
import Web

@testable import tutalink

@Suite struct OpenAPITests {
  @Test func `every call of the API is in the document, with what it answers`() async throws {
    try await World.with { world in
      let answer = await world.house.table.answer(Request(.get, "/api/openapi.json"))
      let document = try JSON.read(answer.content)
      #expect(answer.status == 200 && document["openapi"]?.string == "3.1.1")
      for route in world.house.table.listing where route.kind == .api && route.template.hasPrefix("/api/") {
        let name = "\(route.method.rawValue) \(route.template)"
        #expect(route.contract != nil, "\(name) has no contract")
        guard route.template != "/api/openapi.json" else { continue }
        let address = route.template.split(separator: "/", omittingEmptySubsequences: false)
          .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
        let operation = document["paths"]?[address]?[route.method.rawValue.lowercased()]
        let status = route.contract.map { String($0.status) } ?? ""
        #expect(operation?["responses"]?[status] != nil, "\(name) is not in the document")
        #expect((operation?["security"]?.array?.isEmpty == true) == (route.viewer == "Guest"), "\(name)")
      }
      // Every reference leads somewhere, and every operation has a name of its own.
      let components = Set(document["components"]?["schemas"]?.object?.names ?? [])
      for reference in answer.text.matches(of: #/#\/components\/schemas\/([A-Za-z]+)/#) {
        #expect(components.contains(String(reference.1)))
      }
      let names = answer.text.matches(of: #/"operationId":"([a-z_]+)","summary/#).map { String($0.1) }
      #expect(Set(names).count == names.count && names.count > 30)
      let page = await world.house.table.answer(Request(.get, "/api/docs/"))
      #expect(page.status == 200 && page.text.contains("/api/bookings/{booking}/"))
    }
  }
}
