package import HTML

/// One thing on the wall of the gallery: the classes or the view it is made with, and itself. Features hang their own
/// views there (`BookingSpecimens`), so that what is looked at is what people see.
package struct Specimen: Sendable {
  /// The walls of the gallery, in their order.
  package enum Part: String, CaseIterable, Sendable {
    case colours, type, icons, buttons, fields, labels, people, messages, ways, cards, tables, times, money, room,
      waiting
  }

  package let part: Part
  package let name: String
  package let markup: HTML

  package init(_ part: Part, _ name: String, _ markup: HTML) {
    self.part = part
    self.name = name
    self.markup = markup
  }
}
