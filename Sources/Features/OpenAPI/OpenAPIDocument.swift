import Core
import JSON
import Web

// OpenAPI 3.1.1 of the routes' contracts. Paths, parameters, bodies, answers and links come from the declarations; what
// every route of a kind may answer with (401 for those who need proof, 413 where a body is read, …) comes from the kind.
struct OpenAPIDocument {
  /// One operation as both the document and the page show it.
  struct Operation: Sendable {
    let route: Route
    let contract: Contract

    /// `get_bookings_booking`: the method and the words of the address.
    var name: String {
      ([route.method.rawValue.lowercased()]
        + route.template.split(separator: "/").dropFirst().map { $0.hasPrefix(":") ? $0.dropFirst() : $0 }.map(
          String.init))
        .joined(separator: "_").map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// `/api/bookings/{booking}/`
    var address: String {
      route.template.split(separator: "/", omittingEmptySubsequences: false)
        .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
    }

    var parts: [Schema.Member] {
      zip(route.template.split(separator: "/").filter { $0.hasPrefix(":") }, route.parts).map {
        Schema.Member(String($0.dropFirst()), $1)
      }
    }

    var needsProof: Bool { route.viewer != "Guest" }

    /// Every status that is not success, in order.
    var refusals: [Int] {
      var all: Set<Int> = [400, 429, 503]
      if needsProof { all.insert(401) }
      if route.viewer != "Guest" && route.viewer != "Member" { all.insert(403) }
      if !route.method.isSafe, !contract.isSigned { all.insert(403) }
      if !route.parts.isEmpty { all.insert(404) }
      if !route.method.isSafe { all.formUnion([413, 415]) }
      if contract.body != nil { all.insert(422) }
      return all.union(contract.refusals).sorted()
    }
  }

  let operations: [Operation]
  let name: String
  let url: String

  init(of routes: [Route], name: String, url: String) {
    operations = routes.compactMap { route in route.contract.map { Operation(route: route, contract: $0) } }
    self.name = name
    self.url = url
  }

  /// Operations by the feature that declares them, in the order of the house.
  var groups: [(name: String, operations: [Operation])] {
    var order: [String] = []
    for operation in operations where !order.contains(operation.route.feature) { order.append(operation.route.feature) }
    return order.map { feature in (feature, operations.filter { $0.route.feature == feature }) }
  }

  var json: JSON {
    var components: [String: Schema] = ["Problem": Self.problem]
    func print(_ schema: Schema) -> JSON {
      schema.document { name, inner in
        guard components.updateValue(inner, forKey: name) == nil else { return }
        _ = print(inner)
      }
    }
    var paths: JSON.Object = [:]
    for operation in operations {
      var path = paths[operation.address]?.object ?? [:]
      path[operation.route.method.rawValue.lowercased()] = document(operation, print)
      paths[operation.address] = .object(path)
    }
    var schemas: JSON.Object = [:]
    for (name, schema) in components.sorted(by: { $0.key < $1.key }) { schemas[name] = print(schema) }
    return [
      "openapi": "3.1.1",
      "info": [
        "title": .string(name), "version": "1",
        "description":
          "JSON in UTF-8, snake_case. Keys are opaque. Instants are RFC 3339. Money is in minor units. Problems are RFC 9457 documents.",
      ],
      "servers": [["url": .string(url)]],
      "tags": .array(groups.map { ["name": .string($0.name)] }),
      "paths": .object(paths),
      "components": [
        "schemas": .object(schemas),
        "securitySchemes": [
          "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
          "session": [
            "type": "apiKey", "in": "cookie", "name": .string(url.hasPrefix("https:") ? "__Host-session" : "session"),
          ],
          "form": [
            "type": "apiKey", "in": "header", "name": "x-csrf-token",
            "description": "Beside the cookie, for whatever changes something.",
          ],
        ],
      ],
    ]
  }

  private func document(_ operation: Operation, _ print: (Schema) -> JSON) -> JSON {
    let contract = operation.contract
    func parameter(_ member: Schema.Member, in place: String) -> JSON {
      [
        "name": .string(member.name), "in": .string(place), "required": .bool(place == "path"),
        "schema": print(member.schema),
      ]
    }
    var parameters = operation.parts.map { parameter($0, in: "path") }
    parameters += contract.query.map { parameter($0, in: "query") }
    if contract.isIdempotent { parameters.append(parameter(.init("Idempotency-Key", .text(1...200)), in: "header")) }

    var success: JSON.Object = ["description": .string(contract.summary)]
    if let answer = contract.answer { success["content"] = ["application/json": ["schema": print(answer)]] }
    let links = links(from: operation)
    if !links.isEmpty { success["links"] = .object(links) }
    var responses: JSON.Object = [:]
    responses[String(contract.status)] = .object(success)
    if operation.route.method == .get {
      responses["304"] = ["description": "Nothing has changed since the given ETag."]
    }
    for status in operation.refusals {
      responses[String(status)] = [
        "description": .string(Problem(status).title),
        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
      ]
    }

    var document: JSON.Object = [
      "operationId": .string(operation.name), "summary": .string(contract.summary),
      "tags": .array([.string(operation.route.feature)]), "responses": .object(responses),
    ]
    if !parameters.isEmpty { document["parameters"] = .array(parameters) }
    if let body = contract.body {
      document["requestBody"] = [
        "required": .bool(!body.isOptional), "content": ["application/json": ["schema": print(body)]],
      ]
    }
    if operation.needsProof {
      document["security"] =
        operation.route.method.isSafe
        ? [["bearer": []], ["session": []]] : [["bearer": []], ["session": [], "form": []]]
    } else {
      document["security"] = []
    }
    return .object(document)
  }

  /// To every operation whose address asks for something this one's answer names.
  private func links(from operation: Operation) -> JSON.Object {
    var links: JSON.Object = [:]
    for (part, pointer) in operation.contract.names {
      for other in operations where other.parts.map(\.name) == [part] {
        links[other.name] = [
          "operationId": .string(other.name),
          "parameters": .object([part: .string("$response.body#" + pointer)]),
        ]
      }
    }
    return links
  }

  private static let problem: Schema = [
    "type": .text, "title": .text, "status": .integer(400...599), "detail": .text, "code": .text.optional,
    "errors": Schema.map(.list(.text)).optional, "request_id": .text,
  ]
}
