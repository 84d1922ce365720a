import Core
import HTML
import Outbound
import Site
import Web

/// A mail's words, made for its reader at the moment it goes out: plain text and HTML that say the same.
struct Letter: Equatable {
  let subject: String
  let text: String
  let html: String

  /// Why a mail cannot be written: the catalogue has no words of that kind.
  struct Wordless: Error { let kind: String }

  /// - Parameters:
  ///   - leaving: the address that ends letters about the topic, when they can be ended.
  init(
    _ kind: String, _ values: [String: NoticeValue], link: String?, to name: String, leaving: String? = nil,
    about topic: Topic? = nil, _ page: PageContext
  ) throws(Wordless) {
    guard page.site.catalogue.has(kind + ".subject"), page.site.catalogue.has(kind + ".body") else {
      throw Wordless(kind: kind)
    }
    let words = page.words(of: values, reader: name)
    let subject = page.t.sentence(kind + ".subject", words)
    let greeting = name.isEmpty ? page.t("notices.hello") : page.t("notices.greeting", name: page.held(name))
    let paragraphs = page.t.sentence(kind + ".body", words).split(separator: "\n\n").map { $0.trimmingSpaces() }
    var action: (label: String, address: String)?
    if let link, page.site.catalogue.has(kind + ".action") {
      action = (page.t.sentence(kind + ".action", words), page.site.url + link)
    }
    let note = page.t("notices.mailNote", site: page.site.name, address: page.site.url)
    var ways: [(label: String, address: String)] = []
    if let leaving, let topic { ways.append((page.t("notices.mailLeave", topic: topic.name(page)), leaving)) }
    if topic != nil { ways.append((page.t("notices.mailChoices"), page.site.url + Doors.noticeChoices())) }

    self.subject = subject
    var lines = [greeting, ""]
    for paragraph in paragraphs { lines += [paragraph, ""] }
    if let action { lines += [action.label + ":", action.address, ""] }
    text = (lines + ["-- ", note] + ways.map { "\($0.label): \($0.address)" } + [""]).joined(separator: "\n")
    html = Self.page(subject, greeting, paragraphs, action, note, ways, page).text
  }

  /// Not every mail reader knows style sheets, and none custom properties: colours and sizes stand in attributes, as tokens
  /// of the light theme. Those that know sheets and are dark are told the dark ones; without that they guess.
  private static func page(
    _ subject: String, _ greeting: String, _ paragraphs: [String], _ action: (label: String, address: String)?,
    _ note: String, _ ways: [(label: String, address: String)], _ page: PageContext
  ) -> HTML {
    // Letters of the Nastaliq hand stand on slopes: lines need the room.
    let height = page.language == .urdu ? "2.1" : "1.55"
    let rows: [HTML] = ([greeting] + paragraphs).map {
      "<p style=\"margin:0 0 16px;font-size:16px;line-height:\(height);white-space:pre-line\">\($0)</p>"
    }
    let button: HTML? = action.map {
      """
      <p style="margin:24px 0"><a class="act" href="\(href: $0.address)" style="display:inline-block;padding:12px 22px;border-radius:10px;\
      background:#006a42;color:#ffffff;font-weight:600;font-size:16px;text-decoration:none">\($0.label)</a></p>\
      <p class="soft" style="margin:0;font-size:13px;line-height:1.5;color:#4d5664;word-break:break-all"><bdi dir="ltr">\($0.address)</bdi></p>
      """
    }
    let ends: [HTML] = ways.map {
      "<br><a href=\"\(href: $0.address)\" style=\"color:#006a42\">\($0.label)</a>"
    }
    return """
      <!doctype html>
      <html lang="\(page.language.rawValue)" dir="\(page.language.isRightToLeft ? "rtl" : "ltr")">
      <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">\
      <meta name="supported-color-schemes" content="light dark"><title>\(subject)</title>
      <style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){body{background:#12151a!important;color:#e9e6df!important}\
      .sheet{background:#1b1f26!important;border-color:#343a44!important}.soft{color:#aab0ba!important}.site,.soft a{color:#63cf9b!important}\
      .act{background:#63cf9b!important;color:#0a2016!important}}</style></head>
      <body style="margin:0;padding:24px 12px;background:#fdfaf4;color:#171f2e;font-family:Inter,system-ui,-apple-system,'Segoe UI',sans-serif">
      <div style="max-width:560px;margin:0 auto">
      <p class="site" style="margin:0 0 16px;font-size:18px;font-weight:700;color:#006a42">\(page.site.name)</p>
      <div class="sheet" style="background:#ffffff;border:1px solid #e2ded5;border-radius:16px;padding:28px 24px">
      <h1 style="margin:0 0 16px;font-size:22px;line-height:\(page.language == .urdu ? "2" : "1.3")">\(subject)</h1>
      \(rows)\(button)
      </div>
      <p class="soft" style="margin:16px 4px 0;font-size:13px;line-height:\(height);color:#4d5664">\(note)\(ends)</p>
      </div></body></html>
      """
  }
}

extension PageContext {
  /// The values as they read in this language and zone.
  func words(of values: [String: NoticeValue], reader: String) -> [String: any MessageValue] {
    var words: [String: any MessageValue] = ["name": held(reader), "site": held(site.name)]
    for (name, value) in values {
      switch value {
      case .text(let text): words[name] = held(text)
      case .number(let number): words[name] = number
      case .moment(let instant): words[name] = momentWithZoneText(instant)
      case .money(let money): words[name] = self.money(money)
      }
    }
    return words
  }

  /// Words of somebody's own, held together where they run the other way than the sentence they stand in (UAX 9, isolates):
  /// a bracket at the end of a name would else jump to its other side.
  func held(_ text: String) -> String {
    let isForeign = text.unicodeScalars.contains {
      switch $0.value {
      case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF: !language.isRightToLeft
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F: language.isRightToLeft
      default: false
      }
    }
    return isForeign ? "\u{2068}\(text)\u{2069}" : text
  }

  /// The one sentence of a notification.
  func sentence(_ kind: String, _ values: [String: NoticeValue]) -> String {
    t.sentence(kind + ".notice", words(of: values, reader: viewer?.name ?? ""))
  }
}
