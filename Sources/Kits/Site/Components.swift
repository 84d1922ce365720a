package import Core
package import HTML

// The design system's pieces as markup; `docs/design-system.md` shows how a screen is composed of them.

/// The five tones of banners, chips and badges.
package enum Tone: String, Sendable {
  case info, success, warning, danger, accent

  var icon: String {
    switch self {
    case .info, .accent: "info"
    case .success: "check"
    case .warning, .danger: "alert"
    }
  }
}

/// One field of a form. `error` is the sentence of a refusal; the person's own words stay in `value`.
package struct Field: Sendable {
  package enum Kind: Sendable {
    case text, email, password, number, search, date, url
    /// A new password: reveal button and words of strength where JavaScript runs.
    case newPassword
    case area(rows: Int)
    case select([Option])
    case checkbox
  }

  package struct Option: Sendable {
    package let value: String
    package let label: String
    package init(_ value: String, _ label: String) {
      self.value = value
      self.label = label
    }
  }

  package var name: String
  package var label: String
  /// The label of a checkbox where it has links in it.
  package var labelMarkup: HTML?
  package var kind: Kind
  package var value: String
  package var hint: String?
  package var error: String?
  package var isRequired: Bool
  package var autocomplete: String?
  package var longest: Int?
  package var range: ClosedRange<Int>?

  package init(
    _ name: String, _ label: String, _ kind: Kind = .text, value: String? = "", hint: String? = nil,
    error: String? = nil,
    isRequired: Bool = true, autocomplete: String? = nil, longest: Int? = nil, range: ClosedRange<Int>? = nil
  ) {
    self.name = name
    self.label = label
    self.kind = kind
    self.value = value ?? ""
    self.hint = hint
    self.error = error
    self.isRequired = isRequired
    self.autocomplete = autocomplete
    self.longest = longest
    self.range = range
  }
}

extension PageContext {
  /// An icon of the sprite; decoration only, so words stand beside it or in an `aria-label`.
  package func icon(_ name: String, _ modifier: String = "") -> HTML {
    // While the site is being built its sprite may change under its pages.
    guard !site.isDevelopment else { return drawIcon(name, modifier) }
    return site.icons.value(modifier.isEmpty ? name : name + " " + modifier) { drawIcon(name, modifier) }
  }

  private func drawIcon(_ name: String, _ modifier: String) -> HTML {
    let mirrored = ["chevron-left", "chevron-right", "arrow-right", "log-out", "external", "send"].contains(name)
    return """
      <svg class="icon\(modifier.isEmpty ? "" : " " + modifier)\(mirrored ? " mirror" : "")" aria-hidden="true">\
      <use href="\(asset("icons.svg") + "#" + name)"></use></svg>
      """
  }

  /// A line drawing for empty states and landings.
  package func art(_ name: String) -> HTML {
    "<svg class=\"art\" viewBox=\"0 0 160 120\" aria-hidden=\"true\"><use href=\"\(asset("icons.svg") + "#art-" + name)\"></use></svg>"
  }

  /// A person's picture, or initials on a colour of their own.
  package func avatar(
    _ name: String, of id: ID<User>, photo: ID<StoredFile>? = nil, address: String? = nil, size: String = ""
  ) -> HTML {
    let modifier = size.isEmpty ? "" : " " + size
    if let picture = photo.map({ Doors.file($0, "photo.jpg") }) ?? address {
      return "<img class=\"avatar\(modifier)\" src=\"\(picture)\" alt=\"\" width=\"72\" height=\"72\" loading=\"lazy\">"
    }
    let initials = name.pieces(at: " ").prefix(2).map { String($0.prefix(1)) }.joined().uppercased()
    return "<span class=\"avatar\(modifier) hue-\(Int(id.low % 8))\" aria-hidden=\"true\">\(initials)</span>"
  }

  /// Stars for a rating in thousandths (4600 is 4.6), with its words for those who do not see it.
  package func stars(thousandths: Int) -> HTML {
    let tenths = (thousandths + 50) / 100
    return
      "<span class=\"stars stars-\(tenths)\" role=\"img\" aria-label=\"\(t("site.stars", rating: "\(tenths / 10).\(tenths % 10)"))\"></span>"
  }

  /// Stars, figure and number of reviews; a word when there are none.
  package func rating(thousandths: Int, count: Int) -> HTML {
    guard count > 0 else { return "<span class=\"rating\"><span class=\"muted\">\(t("site.noReviews"))</span></span>" }
    let tenths = (thousandths + 50) / 100
    return """
      <span class="rating">\(stars(thousandths: thousandths))<strong>\(tenths / 10).\(tenths % 10)</strong> \
      <span class="muted">\(t("site.reviews", count: count))</span></span>
      """
  }

  /// A status chip; the word comes from `status.<state>`.
  package func status(_ state: String) -> HTML {
    let name = state.replacing("_", with: "-")
    let tone = name.hasPrefix("no-show") ? "no-show" : name
    return "<span class=\"status \(tone)\">\(t.sentence("status." + name, [:]))</span>"
  }

  package func banner(_ tone: Tone, _ title: String, _ words: HTML = .none, actions: HTML? = nil) -> HTML {
    let buttons: HTML? = actions.map { "<div class=\"actions\">\($0)</div>" }
    let body: HTML? = words.isEmpty ? nil : "<div>\(words)</div>"
    return """
      <div class="banner \(tone.rawValue)" role="\(tone == .danger ? "alert" : "status")">\(icon(tone.icon))\
      <div><strong>\(title)</strong>\(body)</div>\(buttons)</div>
      """
  }

  /// Every list without rows says what belongs there and offers the next step.
  package func empty(_ drawing: String, _ title: String, _ words: String, action: HTML? = nil) -> HTML {
    let actions: HTML? = action.map { "<div class=\"actions\">\($0)</div>" }
    return "<div class=\"empty\">\(art(drawing))<h2>\(title)</h2><p>\(words)</p>\(actions)</div>"
  }

  /// The head of a page: title, one line, and its actions.
  package func head(_ title: String, eyebrow: String? = nil, lead: String? = nil, actions: HTML? = nil) -> HTML {
    let above: HTML? = eyebrow.map { "<p class=\"eyebrow\">\($0)</p>" }
    let below: HTML? = lead.map { "<p class=\"lead\">\($0)</p>" }
    let buttons: HTML? = actions.map { "<div class=\"actions\">\($0)</div>" }
    return "<header class=\"page-head\"><div>\(above)<h1>\(title)</h1>\(below)</div>\(buttons)</header>"
  }

  /// A link that looks like a button.
  package func buttonLink(_ label: String, to address: String, _ modifier: String = "", icon name: String? = nil)
    -> HTML
  {
    let drawing: HTML? = name.map { icon($0) }
    return
      "<a class=\"button\(modifier.isEmpty ? "" : " " + modifier)\" href=\"\(address)\">\(drawing)<span>\(label)</span></a>"
  }

  /// A form of one button: POST with its CSRF field. `sentence`, when given, is asked first where JavaScript runs.
  package func postButton(
    _ label: String, to address: String, _ modifier: String = "", icon name: String? = nil,
    fields: [(String, String)] = [],
    asking sentence: String? = nil
  ) -> HTML {
    let drawing: HTML? = name.map { icon($0) }
    let hidden: [HTML] = fields.map { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">" }
    let island = sentence == nil ? nil : "confirm"
    return """
      <form class="inline" method="post" action="\(address)"\(attribute: "data-island", island)\
      \(attribute: "data-confirm", sentence)\(attribute: "data-confirm-action", sentence == nil ? nil : label)>\(csrfField)\(hidden)\
      <button class="button\(modifier.isEmpty ? "" : " " + modifier)">\(drawing)<span>\(label)</span></button></form>
      """
  }

  /// The refusals of a form in one place, each a link to its field. Nothing when there are none.
  package func formErrors(_ errors: [(field: String, sentence: String)]) -> HTML {
    guard !errors.isEmpty else { return .none }
    let items: [HTML] = errors.map { "<li><a href=\"\("#" + $0.field)\">\($0.sentence)</a></li>" }
    return """
      <div class="form-errors banner danger" role="alert" tabindex="-1">\(icon("alert"))\
      <div><strong>\(t("site.formErrors", count: errors.count))</strong><ul>\(items)</ul></div></div>
      """
  }

  /// One field with label, hint and error, tied together for screen readers.
  package func field(_ field: Field) -> HTML {
    let described = (field.hint == nil ? "" : field.name + "-hint ") + field.name + "-error"
    let optional: HTML? = field.isRequired ? nil : " <span class=\"optional\">\(t("site.optional"))</span>"
    let hint: HTML? = field.hint.map { "<p class=\"hint\" id=\"\(field.name)-hint\">\($0)</p>" }
    let error: HTML =
      if let sentence = field.error {
        "<p class=\"error\" id=\"\(field.name)-error\">\(icon("alert"))<span>\(sentence)</span></p>"
      } else { "<p class=\"error\" id=\"\(field.name)-error\" hidden></p>" }
    let common: HTML = """
      class="input" id="\(field.name)" name="\(field.name)" aria-describedby="\(described)"\
      \(attribute: "aria-invalid", field.error == nil ? nil : "true")\(flag: "required", when: field.isRequired)\
      \(attribute: "autocomplete", field.autocomplete)\(attribute: "maxlength", field.longest.map(String.init))\
      \(attribute: "min", (field.range?.lowerBound).map(String.init))\(attribute: "max", (field.range?.upperBound).map(String.init))
      """
    func input(_ type: String) -> HTML { "<input type=\"\(type)\" value=\"\(field.value)\" \(common)>" }
    let control: HTML
    switch field.kind {
    case .text: control = input("text")
    case .email: control = input("email")
    case .number: control = input("number")
    case .search: control = input("search")
    case .date: control = input("date")
    case .url: control = input("url")
    case .password:
      control = "<div class=\"password\" data-island=\"password\"><input type=\"password\" \(common)></div>"
    case .newPassword:
      control = """
        <div class="password" data-island="password"><input type="password" data-strength \(common)></div>\
        <p class="strength" aria-live="polite"></p>
        """
    case .area(let rows):
      control = "<textarea dir=\"auto\" rows=\"\(rows)\" \(common)>\n\(field.value)</textarea>"
    case .select(let options):
      let list: [HTML] = options.map {
        "<option\(attribute: "value", $0.value == $0.label ? nil : $0.value)\(flag: "selected", when: $0.value == field.value)>\($0.label)</option>"
      }
      control = "<div class=\"select\"><select \(common)>\(list)</select></div>"
    case .checkbox:
      return """
        <div class="field\(field.error == nil ? "" : " invalid")"><label class="check"><input type="checkbox" id="\(field.name)" \
        name="\(field.name)" value="1" aria-describedby="\(described)"\
        \(attribute: "aria-invalid", field.error == nil ? nil : "true")\(flag: "checked", when: field.value == "1")\
        \(flag: "required", when: field.isRequired)><span>\(field.labelMarkup ?? HTML(field.label))</span></label>\(hint)\(error)</div>
        """
    }
    return """
      <div class="field\(field.error == nil ? "" : " invalid")"><label class="label" for="\(field.name)">\(field.label)\(optional)</label>\
      \(hint)\(control)\(error)</div>
      """
  }

  /// Older and newer pages of a list.
  package func pages(newer: String?, older: String?, note: String = "") -> HTML {
    guard newer != nil || older != nil else { return .none }
    let back: HTML? = newer.map {
      "<a rel=\"prev\" href=\"\($0)\">\(icon("chevron-left"))\(t("site.previousPage"))</a>"
    }
    let forth: HTML? = older.map { "<a rel=\"next\" href=\"\($0)\">\(t("site.nextPage"))\(icon("chevron-right"))</a>" }
    return "<nav class=\"pagination\" aria-label=\"\(t("site.pages"))\">\(back)<span>\(note)</span>\(forth)</nav>"
  }
}
