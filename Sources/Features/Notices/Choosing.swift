import Core
import Crypto
import Platform
import Postgres
import Push
import Site
import Vault
import Web

// What people want to hear of, and on which devices.

extension NoticesFeature {
  static let mostDevices = 20

  func choices(_ request: Request, member: Member) async throws -> Response {
    try await choicesPage(request, member, note: request.query.text("done"))
  }

  /// - Parameter draft: what was sent and refused, which stands in the form again; else what is kept does.
  private func choicesPage(
    _ request: Request, _ member: Member, draft: NoticeChoicesPage.Draft? = nil, note: String = "", status: Int = 200
  ) async throws -> Response {
    var shown = draft
    if shown == nil {
      let muted = try await database.all(.muted(by: member.id))
      let hours = try await database.first(.quietHours(of: member.id))
      shown = .init(muted: Set(muted.map { "\($0.1).\($0.0)" }), from: hours?.0, to: hours?.1)
    }
    return site.page(
      NoticeChoicesPage(
        draft: shown ?? .init(muted: [], from: nil, to: nil),
        devices: try await database.all(.devices(of: member.id)), key: try await pushes.keys.publicKey(), note: note),
      for: request, status: status)
  }

  /// The form names the topics it showed, so that one it did not know is left as it was.
  func saveChoices(_ request: Request, member: Member) async throws -> Response {
    let shown = Set(request.form.all("topic").prefix(50)), now = clock.now
    var draft = NoticeChoicesPage.Draft(
      muted: [], from: request.form.int("quiet_from"), to: request.form.int("quiet_to"))
    for topic in Topic.allCases {
      for channel in topic.choices where !request.form.isOn("\(channel.rawValue).\(topic.rawValue)") {
        draft.muted.insert("\(channel.rawValue).\(topic.rawValue)")
      }
    }
    let quiet: QuietHours?
    switch (draft.from, draft.to) {
    case (nil, nil): quiet = nil
    case (let from?, let to?):
      guard let hours = QuietHours(from: from, to: to) else {
        return try await choicesPage(request, member, draft: draft, note: "sameHours", status: 422)
      }
      quiet = hours
    default: return try await choicesPage(request, member, draft: draft, note: "halfHours", status: 422)
    }
    let muted = draft.muted
    try await database.transaction { tx in
      for topic in Topic.allCases where shown.contains(topic.rawValue) {
        for channel in topic.choices {
          try await tx.run(
            muted.contains("\(channel.rawValue).\(topic.rawValue)")
              ? .mute(topic, channel, for: member.id, at: now) : .unmute(topic, channel, for: member.id))
        }
      }
      try await tx.run(quiet.map { .keepQuiet($0, for: member.id) } ?? .forgetQuiet(of: member.id))
    }
    return .see(Doors.noticeChoices() + "?done=saved")
  }

  // MARK: Devices

  /// What the browser was given by its vendor. A vendor gives one address to one browser: whoever asks last has it.
  func addDevice(_ request: Request, member: Member) async throws -> Response {
    guard let session = member.identity.session else { throw Failure.forbidden }
    let form = request.form, now = clock.now
    let target: PushTarget
    do throws(PushTarget.Refusal) {
      target = try PushTarget(
        endpoint: form.text("endpoint"), publicKey: form.text("p256dh"), authentication: form.text("auth"),
        peer: pushes.peer)
    } catch { return try await choicesPage(request, member, note: "strange", status: 422) }
    // A page that stood open while the keys were changed has given the browser one that we do not have any more.
    guard let key = try await database.first(.pushKey(form.text("key"))) else {
      return try await choicesPage(request, member, note: "strange", status: 422)
    }
    let id = ID<Device>.new()
    let secret = pushes.keys.vault.seal(Base64.url(target.authentication), in: PushKeys.secret, row: id)
    let agent = request.header("user-agent").map { String($0.unicodeScalars.prefix(200).map(Character.init)) }
    try await database.transaction { tx in
      try await tx.run(.forgetEndpoint(target.endpoint))
      // Nothing is written when another tab of this browser was faster: then it stands there already.
      try await tx.run(
        .insertDevice(
          id, of: member.id, in: session, key, target.endpoint, Base64.url(target.publicKey), secret, agent, at: now))
      for old in try await tx.all(.devices(of: member.id, beyond: Self.mostDevices)) {
        try await tx.run(.forgetDevice(old))
      }
    }
    return .see(Doors.noticeChoices() + "?done=device#devices")
  }

  func removeDevice(_ request: Request, member: Member, device: ID<Device>) async throws -> Response {
    guard try await database.affected(.forgetDevice(device, of: member.id)) == 1 else { throw Failure.notFound }
    return .see(Doors.noticeChoices() + "?done=removed#devices")
  }

  /// The way every notice takes, from the commit to the device.
  func sendTrial(_ request: Request, member: Member) async throws -> Response {
    try await database.transaction { tx in
      try await notices.tell(member.id, "notices.trial", link: Doors.noticeChoices(), mail: false, in: tx)
    }
    return .see(Doors.noticeChoices() + "?done=trial#devices")
  }

  func sweepDevices() async throws {
    try await database.run(.sweepDevices(at: clock.now))
    try await database.run(.dropIdleKeys)
  }
}
