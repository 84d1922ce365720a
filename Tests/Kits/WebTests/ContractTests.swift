import Core
import JSON
import Testing

@testable import Web

@Suite struct ContractTests {
  private static let rating: Schema = [
    "rating": .integer(1...5), "comment": .text(0...5).optional, "aspects": Schema.map(.integer(1...5)).optional,
    "tutor": Schema.id.orNull.optional, "tags": Schema.list(.choice("kind", "exact"), atMost: 2).optional,
    "gpa": Schema.either(.text, .number).optional,
  ]

  @Test(arguments: [
    #"{"rating": 5}"#, #"{"rating": 1, "comment": "", "aspects": {"clarity": 4}, "more": [1]}"#,
    #"{"rating": 3, "tutor": null, "gpa": "3,7"}"#, #"{"rating": 3, "gpa": 3.7, "tags": ["kind", "exact"]}"#,
    #"{"rating": 2, "tutor": "01900000-0000-7000-8000-00000000a1ee", "comment": "ééééé"}"#,
  ])
  func `what has the shape is taken, with members it does not name`(_ text: String) throws {
    #expect(Self.rating.faults(of: try JSON.read(text)).isEmpty)
  }

  @Test(arguments: [
    (#"{}"#, "rating"), (#"{"rating": "5"}"#, "rating"), (#"{"rating": 6}"#, "rating"), (#"{"rating": 1.5}"#, "rating"),
    (#"{"rating": null}"#, "rating"), (#"{"rating": 1, "comment": "longer"}"#, "comment"),
    (#"{"rating": 1, "comment": null}"#, "comment"), (#"{"rating": 1, "aspects": {"clarity": 9}}"#, "aspects.clarity"),
    (#"{"rating": 1, "tutor": "x"}"#, "tutor"), (#"{"rating": 1, "tags": ["kind", "loud"]}"#, "tags.1"),
    (#"{"rating": 1, "tags": ["kind", "kind", "kind"]}"#, "tags"), (#"{"rating": 1, "gpa": []}"#, "gpa"),
    (#"[]"#, ""), (#""x""#, ""),
  ])
  func `what has another shape is refused at its place`(_ text: String, _ place: String) throws {
    #expect(Array(Self.rating.faults(of: try JSON.read(text)).keys) == [place])
  }

  @Test func `a call that breaks its contract does not reach its handler, and who may not ask is told only that`() async
  {
    let reached = Locked(0)
    var routes = Routes()
    routes.api(
      .post, Path("/api/ratings/"), as: Guest.self,
      Contract("Rates", asks: ["size": .integer(1...9)], takes: Self.rating, gives: 201)
    ) { _, _ in
      reached.withLock { $0 += 1 }
      return Response(201)
    }
    routes.api(.post, Path("/api/own/"), as: Member.self, Contract("Rates", takes: Self.rating, gives: 201)) { _, _ in
      Response(201)
    }
    let table = RouteTable(
      routes, settings: WebSettings(siteURL: "http://localhost:8080", secret: Array(repeating: 7, count: 32)),
      log: .silent)
    func post(_ address: String, _ body: String) async -> Int {
      var headers = Headers()
      headers.add("content-type", "application/json")
      return await table.answer(Request(.post, address, headers: headers, body: Array(body.utf8))).status
    }
    #expect(await post("/api/ratings/", #"{"rating": 9}"#) == 422)
    #expect(await post("/api/ratings/", "[]") == 400)
    #expect(await post("/api/ratings/", "{") == 400)
    #expect(await post("/api/ratings/?size=0", #"{"rating": 5}"#) == 400)
    #expect(await post("/api/ratings/?colour=red", #"{"rating": 5}"#) == 400)
    #expect(await post("/api/own/", "{") == 401)
    #expect(reached.withLock { $0 } == 0)
    #expect(await post("/api/ratings/?size=3", #"{"rating": 5}"#) == 201)
  }

  @Test func `what is printed names each component once and keeps null apart`() {
    var components: [String] = []
    let document = Schema.object(["price": .money, "paid": Schema.money.orNull, "role": Schema.choice("a", "b").orNull])
      .document { name, _ in components.append(name) }
    #expect(components == ["Money", "Money"])
    #expect(document["properties"]?["price"]?["$ref"]?.string == "#/components/schemas/Money")
    #expect(document["properties"]?["paid"]?["anyOf"]?[1]?["type"]?.string == "null")
    #expect(document["properties"]?["role"]?["enum"] == ["a", "b", .null])
    #expect(document["required"]?.strings == ["price", "paid", "role"])
  }
}
