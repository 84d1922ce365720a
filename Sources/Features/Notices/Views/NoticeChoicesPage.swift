import Core
import HTML
import Site
import Web

extension Topic {
  func name(_ page: PageContext) -> String { page.t.sentence("notices.topic.\(rawValue)", [:]) }
  fileprivate var icon: String {
    switch self {
    case .bookings: "calendar"
    case .reminders: "clock"
    case .lessons: "video"
    case .reviews: "star"
    case .searches: "search"
    case .profile: "shield-check"
    case .money: "wallet"
    }
  }
}

/// What one wants to hear of, how, when not, and on which devices. Everything but turning a device on works without
/// JavaScript: only the browser itself can ask for that.
struct NoticeChoicesPage: View {
  /// What stands in the form.
  struct Draft: Sendable {
    /// `mail.reviews`: what is switched off.
    var muted: Set<String>
    let from: Int?
    let to: Int?
  }

  let draft: Draft
  let devices: [DeviceLine]
  /// What browsers subscribe with.
  let key: String
  /// What has just been done, or why it was not.
  let note: String

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("notices.choices") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let banner: HTML? =
      switch note {
      case "saved", "device", "removed", "trial": page.banner(.success, t.sentence("notices.done.\(note)", [:]))
      case "sameHours", "halfHours", "strange": page.banner(.danger, t.sentence("notices.done.\(note)", [:]))
      default: nil
      }
    return """
      \(page.head(t("notices.choices"), lead: t("notices.choicesLead")))
      <div class="stack loose">\(banner)\(choiceCard(page))\(deviceCard(page))</div>
      """
  }

  // MARK: What, how and when

  private func choiceCard(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <form class="form" method="post" action="\(NoticePaths.choices())">\(page.csrfField)
      <section class="card"><h2>\(t("notices.whatAndHow"))</h2><p>\(t("notices.always"))</p>
      <div class="notice-topics">\(topics(page).map { row($0, page) })\(fixedRow(page))</div></section>
      \(quietCard(page))
      <div class="actions"><button class="button primary">\(t("notices.save"))</button></div></form>
      """
  }

  /// Who does not teach is not asked about a tutor's profile.
  private func topics(_ page: PageContext) -> [Topic] {
    Topic.allCases.filter { $0 != .profile || page.viewer?.roles.contains(.tutor) == true }
  }

  private func row(_ topic: Topic, _ page: PageContext) -> HTML {
    let t = page.t
    func box(_ channel: Topic.Channel) -> HTML {
      let name = "\(channel.rawValue).\(topic.rawValue)"
      return """
        <label class="check"><input type="checkbox" name="\(name)" value="1"\(flag: "checked", when: !draft.muted.contains(name))>\
        <span>\(t.sentence("notices.channel.\(channel.rawValue)", [:]))</span></label>
        """
    }
    let fixed: HTML? = topic == .money ? fixedMail(page) : nil
    return """
      <fieldset class="notice-topic" aria-describedby="topic-\(topic.rawValue)"><legend>\(page.icon(topic.icon))<span>\(topic.name(page))</span></legend>
      <p class="hint" id="topic-\(topic.rawValue)">\(t.sentence("notices.topicHint.\(topic.rawValue)", [:]))</p>
      <input type="hidden" name="topic" value="\(topic.rawValue)"><div class="cluster">\(fixed)\(topic.choices.map(box))</div></fieldset>
      """
  }

  private func fixedMail(_ page: PageContext) -> HTML {
    "<span class=\"notice-fixed\">\(page.icon("lock"))<span>\(page.t("notices.mailAlways"))</span></span>"
  }

  /// What may not be switched off, and why.
  private func fixedRow(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <div class="notice-topic" role="group" aria-labelledby="topic-security"><p class="notice-name" id="topic-security">\(page.icon("lock"))<span>\(t("notices.security"))</span></p>
      <p class="hint">\(t("notices.securityHint"))</p><div class="cluster">\(fixedMail(page))</div></div>
      """
  }

  private func quietCard(_ page: PageContext) -> HTML {
    let t = page.t
    func hours(_ name: String, _ label: String, _ value: Int?) -> HTML {
      let options =
        [Field.Option("", t("notices.quietNone"))] + (0...23).map { Field.Option(String($0), page.hourText($0)) }
      let isWrong = note == "sameHours" || note == "halfHours"
      return page.field(
        Field(
          name, label, .select(options), value: value.map(String.init),
          error: isWrong && name == "quiet_to" ? t.sentence("notices.done.\(note)", [:]) : nil, isRequired: false))
    }
    return """
      <section class="card" id="quiet"><h2>\(t("notices.quiet"))</h2><p>\(t("notices.quietWords", zone: page.zoneText()))</p>
      <div class="field-row">\(hours("quiet_from", t("notices.quietFrom"), draft.from))\(hours("quiet_to", t("notices.quietTo"), draft.to))</div></section>
      """
  }

  // MARK: Devices

  private func deviceCard(_ page: PageContext) -> HTML {
    let t = page.t
    func say(_ state: String, _ tone: Tone = .info) -> HTML {
      """
      <div class="banner \(tone.rawValue)" data-say="\(state)" hidden>\(page.icon(tone == .success ? "check" : "info"))\
      <div><p>\(t.sentence("notices.push.\(state)", [:]))</p></div></div>
      """
    }
    let list: HTML =
      devices.isEmpty
      ? "<p class=\"muted\">\(t("notices.noDevices"))</p>"
      : "<ul class=\"list\">\(devices.map { line($0, page) })</ul>"
    let trial: HTML? =
      devices.isEmpty
      ? nil : page.postButton(t("notices.sendTrial"), to: NoticePaths.trial(), icon: "bell")
    let fields: [HTML] = ["endpoint", "p256dh", "auth", "key"].map {
      "<input type=\"hidden\" name=\"\($0)\" value=\"\">"
    }
    return """
      <section class="card" id="devices" data-island="push" data-key="\(key)"><h2>\(t("notices.devices"))</h2>
      <p>\(t("notices.devicesWords"))</p>
      <p class="muted" data-plain>\(t("notices.push.script"))</p>
      <div role="status" class="stack tight">\(say("unsupported"))\(say("install"))\(say("denied", .warning))\(say("dismissed"))\(say("failed", .warning))\(say("on", .success))</div>
      <form class="form" method="post" action="\(NoticePaths.devices())" data-push-on hidden>\(page.csrfField)\(fields)
      <div class="actions"><button class="button primary">\(page.icon("bell"))<span>\(t("notices.push.turnOn"))</span></button></div></form>
      <div class="notice-devices"><h3>\(t("notices.deviceList"))</h3>
      \(list)<div class="actions">\(trial)</div></div></section>
      """
  }

  private func line(_ device: DeviceLine, _ page: PageContext) -> HTML {
    let t = page.t
    let used: HTML =
      device.usedAt.map { "\(t("notices.deviceUsed")) \(page.ago($0))" }
      ?? "\(t("notices.deviceSince")) \(page.ago(device.createdAt))"
    let name = page.deviceText(device.agent)
    return """
      <li class="list-row" data-device="\(device.mark)">\(page.icon("laptop"))<div class="list-main"><span>\(name)</span> \
      <span class="badge" data-here hidden>\(t("site.thisDevice"))</span><p class="muted small">\(used)</p></div>\
      <div class="list-end"><form class="inline" method="post" action="\(NoticePaths.deviceRemoval(device.id))" data-push-off>\(page.csrfField)\
      <button class="button small" aria-label="\(t("notices.removeDevice", device: name))">\(t("notices.remove"))</button></form></div></li>
      """
  }
}
