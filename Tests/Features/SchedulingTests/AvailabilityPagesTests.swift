import Core
import HTML
import JSON
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Time
import Web

@testable import Scheduling

@Suite struct AvailabilityPagesTests {
  private func withSite(_ body: (Scene, TestSite) async throws -> Void) async throws {
    try await withScene { scene in try await body(scene, scene.house.open([scene.feature])) }
  }

  /// The form with Monday mornings, as the page would send it, and what a test changes in it.
  private func form(_ changed: KeyValuePairs<String, String> = [:]) -> Fields {
    var fields: Fields = [
      "version": "0", "zone": "Europe/Berlin", "bufferBefore": "10", "bufferAfter": "5", "notice": "720",
      "horizonDays": "60",
      "step": "30", "dailyLimit": "", "weeklyLimit": "", "start-1": "09:00", "end-1": "12:00", "do": "save",
    ]
    for (name, value) in changed { fields = fields.with(name, value) }
    return fields
  }

  @Test func `a tutor without hours is shown an empty week and what to do`() async throws {
    try await withSite { (_, site) async throws in
      let page = await site.get(Doors.availability(), as: .ada)
      #expect(page.status == 200)
      #expect(page.text.contains("No hours yet") && page.text.contains("name=\"start-7\""))
      // The account's zone is where the hours begin.
      #expect(page.text.contains("<option selected>Asia/Karachi<"))
      #expect(!page.text.contains("⟦"))
    }
  }

  @Test func `learners and guests have no hours`() async throws {
    try await withSite { (_, site) async throws in
      #expect(await site.get(Doors.availability(), as: .ben).status == 403)
      #expect(await site.post(Doors.availability(), fields: form(), as: .ben).status == 403)
      let guest = await site.get(Doors.availability())
      #expect(guest.status == 303 && guest.header("location")?.hasPrefix("/sign-in") == true)
    }
  }

  @Test func `saved hours show in the week and in the coming days, and search hears of them`() async throws {
    try await withSite { (scene, site) async throws in
      let saved = await site.post(Doors.availability(), fields: form(), as: .ada)
      #expect(saved.status == 303 && saved.header("location") == "/tutor/availability?saved=hours")
      let page = await site.get("/tutor/availability?saved=hours", as: .ada)
      #expect(page.text.contains("Your hours are saved") && page.text.contains("value=\"09:00\""))
      // Two Mornings of three hours: five starts each.
      #expect(page.text.contains("10 starts for a one-hour lesson can be booked"))
      #expect(!page.text.contains("⟦"))
      try await site.runJobs()
      #expect(try await scene.listed().next.count == 3)
    }
  }

  @Test func `a refused form comes back with its words and a reason`() async throws {
    try await withSite { (scene, site) async throws in
      let wrong = form(["start-1": "12:00", "end-1": "09:00", "dailyLimit": "99", "zone": "Mars/Olympus"])
      let page = await site.post(Doors.availability(), fields: wrong, as: .ada)
      #expect(page.status == 422)
      for words in [
        "The end is not after the start", "Choose a time zone", "A day holds between 1 and 24", "value=\"12:00\"",
      ] {
        #expect(page.text.contains(words), "\(words)")
      }
      #expect(page.text.contains("href=\"#start-1-0\"") && page.text.contains("id=\"start-1-0\""))
      let stored = try await scene.times.timetable(of: scene.tutor, now: scene.now, in: scene.database)
      #expect(stored == nil)
    }
  }

  @Test func `rows are added, removed and copied without JavaScript, and nothing is saved by that`() async throws {
    try await withSite { (scene, site) async throws in
      let added = await site.post(Doors.availability(), fields: form(["do": "add-1"]), as: .ada)
      #expect(added.status == 200 && added.text.contains("id=\"start-1-1\"") && added.text.contains("Not saved yet"))
      let removed = await site.post(Doors.availability(), fields: form(["do": "remove-1-0"]), as: .ada)
      #expect(removed.status == 200 && !removed.text.contains("value=\"12:00\""))
      var copy = form(["do": "copy", "copy-from": "1"])
      for day in ["2", "3"] { copy.add("copy-to", day) }
      let copied = await site.post(Doors.availability(), fields: copy, as: .ada)
      #expect(copied.text.split(separator: "value=\"12:00\"").count == 4)
      let stored = try await scene.times.timetable(of: scene.tutor, now: scene.now, in: scene.database)
      #expect(stored == nil)
    }
  }

  @Test func `the older of two tabs is told, and keeps what was typed`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      scene.clock.advance(by: .seconds(1))
      let late = await site.post(Doors.availability(), fields: form(["start-1": "07:15"]), as: .ada)
      #expect(
        late.status == 409 && late.text.contains("changed somewhere else") && late.text.contains("value=\"07:15\""))
    }
  }

  @Test func `a holiday closes days, shows in the list, and can be taken back`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      let saved = await site.post(
        SchedulingPaths.dates(),
        ["from": "2026-11-30", "until": "2026-12-01", "kind": "closed", "note": "Wedding & rest"],
        as: .ada)
      #expect(saved.status == 303)
      let page = await site.get(Doors.availability(), as: .ada)
      #expect(page.text.contains("Wedding &amp; rest") && page.text.contains("5 starts for a one-hour lesson"))
      let removed = await site.post(SchedulingPaths.dateRemoval("2026-11-30"), as: .ada)
      #expect(removed.status == 303)
      let left = try await scene.stored().rules.overrides
      #expect(left.count == 1)
      let wrong = await site.post(SchedulingPaths.dates(), ["from": "2026-11-01", "kind": "closed"], as: .ada)
      #expect(wrong.status == 422 && wrong.text.contains("This day has passed"))
      let hours = await site.post(
        SchedulingPaths.dates(), ["from": "2026-12-02", "kind": "hours", "start": "10:00", "end": "09:00"], as: .ada)
      #expect(hours.status == 422 && hours.text.contains("The end is not after the start"))
      #expect(await site.post(SchedulingPaths.dateRemoval("tomorrow"), as: .ada).status == 404)
    }
  }

  @Test func `the page explains why a time is not offered, and names lessons outside the hours`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      try await scene.book(scene.hour(scene.monday, "09:00"))
      try await scene.book(scene.hour(scene.monday + 1, "09:00"))
      let page = await site.get("/tutor/availability?date=2026-11-30&time=09%3A30&minutes=60", as: .ada)
      #expect(page.text.contains("This time cannot be booked") && page.text.contains("There is a lesson from"))
      #expect(page.text.contains("One booked lesson lies outside your hours"))
      let free = await site.get("/tutor/availability?date=2026-11-30&time=10%3A30&minutes=60", as: .ada)
      #expect(free.text.contains("This time can be booked"))
    }
  }

  @Test func `the tutor's public page is given a week of links, in the reader's zone`() async throws {
    try await withSite { (scene, site) async throws in
      let page = scene.house.site.context(language: .english, zone: "America/New_York")
      #expect(try await scene.feature.freeTimes(scene.tutor, page).text.contains("No time can be booked"))
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      let html = try await scene.feature.freeTimes(scene.tutor, page).text
      // Monday nine o'clock in Berlin is three in the night in New York.
      #expect(
        html.contains("href=\"/tutors/ada/book?minutes=60&amp;week=2026-11-23&amp;starts_at=2026-11-23T08%3A00%3A00Z\"")
      )
      #expect(html.contains("3:00") && html.contains("New York") && !html.contains("⟦"))
      #expect(try await scene.feature.freeTimes(scene.learner, page).isEmpty)
    }
  }

  // MARK: The API

  @Test func `the public lists a tutor's times in its own zone`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      let address =
        SchedulingPaths.slots(scene.tutor) + "?from=2026-11-30&to=2026-11-30&timezone=Asia%2FKarachi&duration=90"
      let answer = await site.get(address)
      #expect(answer.status == 200)
      let json = try JSON.read(answer.content)
      #expect(json["timezone"]?.string == "Asia/Karachi")
      let slots = try #require(json["slots"]?.array)
      #expect(slots.count == 4)
      #expect(slots.first?["starts_at"]?.string == "2026-11-30T08:00:00Z")
      #expect(slots.first?["ends_at"]?.string == "2026-11-30T09:30:00Z")
      #expect(slots.first?["local"]?.string == "2026-11-30T13:00:00+05:00")
      // Without the slash it is the same.
      #expect(await site.get(address.replacing("/slots/", with: "/slots")).status == 200)
    }
  }

  @Test func `the reasons tell the public nothing of the tutor's other lessons`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post(Doors.availability(), fields: form(), as: .ada)
      try await scene.book(scene.hour(scene.monday, "09:00"))
      let base = SchedulingPaths.slots(scene.tutor) + "?explain=1&timezone=Europe%2FBerlin&at="
      let taken = try JSON.read(await site.get(base + "2026-11-30T08:30:00Z").content)
      #expect(taken["free"]?.bool == false)
      #expect(taken["reasons"]?[0]?["code"]?.string == "busy")
      #expect(taken["reasons"]?[0]?["detail"]?.string == "The tutor has something else on then.")
      let free = try JSON.read(await site.get(base + "2026-11-30T09:30:00Z").content)
      #expect(free["free"]?.bool == true && free["reasons"]?.array?.isEmpty == true)
    }
  }

  @Test func `what is not understood is a 400, and an unknown tutor is a 404`() async throws {
    try await withSite { (scene, site) async throws in
      let slots = SchedulingPaths.slots(scene.tutor)
      #expect(await site.get(slots + "?colour=red").status == 400)
      #expect(await site.get(slots + "?from=2026-11-30").status == 400)
      #expect(await site.get(SchedulingPaths.slots(scene.learner)).status == 404)
      #expect(await site.get("/api/users/mentors/ada/slots/").status == 404)
      try await scene.database.run(Query("update tutors set state = 'paused' where user_id = \(scene.tutor)"))
      #expect(await site.get(slots).status == 404)
    }
  }
}
