import Core
package import JSON

/// The shape of a JSON value, said once: what a caller sends is held against it before any handler runs, and the
/// published document prints it (JSON Schema 2020-12, as OpenAPI 3.1 has it).
package struct Schema: Sendable, ExpressibleByDictionaryLiteral {
  package indirect enum Kind: Sendable {
    case anything
    case text(length: ClosedRange<Int>, format: String?)
    case choice([String])
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case boolean
    case list(Schema, atMost: Int?)
    case object([Member])
    case map(Schema)
    case either([Schema])
    /// Printed once among the document's components, and referred to.
    case named(String, Schema)
  }

  /// One member of an object, in the order it was written.
  package struct Member: Sendable {
    package let name: String
    package let schema: Schema

    package init(_ name: String, _ schema: Schema) {
      self.name = name
      self.schema = schema
    }
  }

  package let kind: Kind
  package private(set) var isOptional = false
  package private(set) var isNullable = false
  package private(set) var says: String?

  package init(_ kind: Kind) { self.kind = kind }

  /// An object: `["rating": .integer(1...5), "comment": .text(0...2000).optional]`. Members it does not name are let
  /// pass and ignored, unless the operation says otherwise.
  package init(dictionaryLiteral members: (String, Schema)...) {
    kind = .object(members.map { Member($0.0, $0.1) })
  }

  /// An object where a literal has no type to stand for.
  package static func object(_ members: KeyValuePairs<String, Schema>) -> Schema { Schema(.object([])).and(members) }

  /// The object with further members.
  package func and(_ more: KeyValuePairs<String, Schema>) -> Schema {
    guard case .object(let members) = kind else { preconditionFailure("only objects have members") }
    return Schema(.object(members + more.map { Member($0.key, $0.value) }))
  }

  /// May be left out.
  package var optional: Schema { changed { $0.isOptional = true } }

  /// May be `null`.
  package var orNull: Schema { changed { $0.isNullable = true } }

  /// With a sentence for its reader.
  package func saying(_ sentence: String) -> Schema { changed { $0.says = sentence } }

  private func changed(_ change: (inout Schema) -> Void) -> Schema {
    var copy = self
    change(&copy)
    return copy
  }
}

extension Schema {
  package static let anything = Schema(.anything)
  package static let boolean = Schema(.boolean)
  /// A switch in an address.
  package static let flag = choice("1", "0", "true", "false")
  /// Any text that a body has room for.
  package static let text = Schema(.text(length: 0...Int.max, format: nil))
  /// A key: 36 characters, opaque to its reader.
  package static let id = Schema(.text(length: 36...36, format: "uuid"))
  package static let count = Schema(.integer(0...Int.max))
  /// RFC 3339.
  package static let instant = Schema(.text(length: 0...64, format: "date-time"))
  package static let address = Schema(.text(length: 0...Int.max, format: "uri-reference"))
  package static let integer = Schema(.integer(Int.min...Int.max))
  package static let number = Schema(.number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude))
  /// Minor units with their currency.
  package static let money = Schema(
    .named("Money", ["amount": .integer, "currency": Schema(.text(length: 3...3, format: nil))]))

  /// A text of so many characters (Unicode scalars, as JSON Schema and the database count).
  package static func text(_ length: ClosedRange<Int>) -> Schema { Schema(.text(length: length, format: nil)) }
  package static func integer(_ range: ClosedRange<Int>) -> Schema { Schema(.integer(range)) }
  package static func number(_ range: ClosedRange<Double>) -> Schema { Schema(.number(range)) }
  package static func choice(_ words: String...) -> Schema { Schema(.choice(words)) }
  package static func choice<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Schema
  where Word.RawValue == String { Schema(.choice(Word.allCases.map(\.rawValue))) }
  package static func list(_ element: Schema, atMost: Int? = nil) -> Schema { Schema(.list(element, atMost: atMost)) }
  package static func map(_ value: Schema) -> Schema { Schema(.map(value)) }
  package static func either(_ schemas: Schema...) -> Schema { Schema(.either(schemas)) }
  package static func named(_ name: String, _ schema: Schema) -> Schema { Schema(.named(name, schema)) }

  /// A page of a list, as every list of the API is wrapped.
  package static func page(of element: Schema, and more: KeyValuePairs<String, Schema> = [:]) -> Schema {
    object(["count": .count, "next": address.orNull, "previous": address.orNull, "results": .list(element)]).and(more)
  }
}

// MARK: Holding a value against it

extension Schema {
  /// Sentences by place (`aspects.clarity`, `materials.2`); empty when the value has this shape.
  package func faults(of value: JSON) -> [String: [String]] {
    var faults: [String: [String]] = [:]
    hold(value, at: "", &faults)
    return faults
  }

  private func hold(_ value: JSON, at place: String, _ faults: inout [String: [String]]) {
    func refuse(_ sentence: String) { faults[place, default: []].append(sentence) }
    func inside(_ name: String) -> String { place.isEmpty ? name : place + "." + name }
    if value.isNull, isNullable { return }
    switch kind {
    case .anything: break
    case .text, .choice:
      guard let text = value.string else { return refuse("Text was expected.") }
      if let sentence = fault(ofText: text) { refuse(sentence) }
    case .integer(let range):
      guard let number = value.int else { return refuse("A whole number was expected.") }
      if !range.contains(number) { refuse(Self.outside(range)) }
    case .number(let range):
      guard let number = value.double else { return refuse("A number was expected.") }
      if !range.contains(number) { refuse("A number from \(range.lowerBound) to \(range.upperBound) was expected.") }
    case .boolean: if value.bool == nil { refuse("true or false was expected.") }
    case .list(let element, let most):
      guard let elements = value.array else { return refuse("A list was expected.") }
      if let most, elements.count > most { return refuse("At most \(most) are taken at once.") }
      for (index, each) in elements.enumerated() { element.hold(each, at: inside(String(index)), &faults) }
    case .object(let members):
      guard let object = value.object else { return refuse("An object of fields was expected.") }
      for member in members {
        if let given = object[member.name] {
          member.schema.hold(given, at: inside(member.name), &faults)
        } else if !member.schema.isOptional {
          faults[inside(member.name), default: []].append("This is missing.")
        }
      }
    case .map(let schema):
      guard let object = value.object else { return refuse("An object of fields was expected.") }
      for (name, given) in object { schema.hold(given, at: inside(name), &faults) }
    case .either(let schemas):
      guard !schemas.contains(where: { $0.faults(of: value).isEmpty }) else { return }
      schemas.first?.hold(value, at: place, &faults)
    case .named(_, let schema): schema.hold(value, at: place, &faults)
    }
  }

  /// What is wrong with a text that stands for this value in an address; nothing when it is right.
  package func fault(ofText text: String) -> String? {
    switch kind {
    case .text(let length, let format):
      if format == "uuid", ID<Schema>(text) == nil { return "An identifier was expected." }
      let count = text.scalarCount
      if count > length.upperBound { return "At most \(length.upperBound) characters are taken." }
      if count < length.lowerBound {
        return length.lowerBound == 1
          ? "This may not be empty." : "At least \(length.lowerBound) characters are needed."
      }
      return nil
    case .choice(let words): return words.contains(text) ? nil : "One of \(words.joined(separator: ", ")) was expected."
    case .integer(let range):
      guard let number = Int(text) else { return "A whole number was expected." }
      return range.contains(number) ? nil : Self.outside(range)
    case .number(let range):
      guard let number = Double(text), number.isFinite else { return "A number was expected." }
      return range.contains(number)
        ? nil : "A number from \(range.lowerBound) to \(range.upperBound) was expected."
    case .boolean: return text == "true" || text == "false" ? nil : "true or false was expected."
    case .named(_, let schema): return schema.fault(ofText: text)
    case .either(let schemas):
      return schemas.contains { $0.fault(ofText: text) == nil } ? nil : schemas.first?.fault(ofText: text)
    case .anything, .list, .object, .map: return nil
    }
  }

  private static func outside(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (let low, Int.max): "A whole number from \(low) on was expected."
    case (let low, let high): "A whole number from \(low) to \(high) was expected."
    }
  }
}

// MARK: Printing

extension Schema {
  /// JSON Schema 2020-12. What is named becomes a reference and is handed to `component`.
  package func document(_ component: (String, Schema) -> Void) -> JSON {
    var members: JSON.Object = [:]
    switch kind {
    case .anything: break
    case .text(let length, let format):
      members["type"] = "string"
      if length.lowerBound > 0 { members["minLength"] = .int(length.lowerBound) }
      if length.upperBound < Int.max { members["maxLength"] = .int(length.upperBound) }
      if let format { members["format"] = .string(format) }
    case .choice(let words):
      members["type"] = "string"
      members["enum"] = .array(words.map { .string($0) })
    case .integer(let range):
      members["type"] = "integer"
      if range.lowerBound > Int.min { members["minimum"] = .int(range.lowerBound) }
      if range.upperBound < Int.max { members["maximum"] = .int(range.upperBound) }
    case .number(let range):
      members["type"] = "number"
      if range.lowerBound > -Double.greatestFiniteMagnitude { members["minimum"] = .double(range.lowerBound) }
      if range.upperBound < Double.greatestFiniteMagnitude { members["maximum"] = .double(range.upperBound) }
    case .boolean: members["type"] = "boolean"
    case .list(let element, let most):
      members["type"] = "array"
      members["items"] = element.document(component)
      if let most { members["maxItems"] = .int(most) }
    case .object(let fields):
      members["type"] = "object"
      var properties: JSON.Object = [:]
      for field in fields { properties[field.name] = field.schema.document(component) }
      members["properties"] = .object(properties)
      let required = fields.filter { !$0.schema.isOptional }.map { JSON.string($0.name) }
      if !required.isEmpty { members["required"] = .array(required) }
    case .map(let schema):
      members["type"] = "object"
      members["additionalProperties"] = schema.document(component)
    case .either(let schemas): members["anyOf"] = .array(schemas.map { $0.document(component) })
    case .named(let name, let schema):
      component(name, schema)
      members["$ref"] = .string("#/components/schemas/" + name)
    }
    if isNullable {
      switch (members["type"], members["enum"]) {
      case (let type?, nil): members["type"] = .array([type, "null"])
      case (_?, .array(let words)?):
        members["type"] = ["string", "null"]
        members["enum"] = .array(words + [.null])
      default: members = ["anyOf": [.object(members), ["type": "null"]]]
      }
    }
    if let says { members["description"] = .string(says) }
    return .object(members)
  }
}
