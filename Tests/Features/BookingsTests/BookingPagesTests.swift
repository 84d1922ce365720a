import Core
import JSON
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Bookings

@Suite struct BookingPagesTests {
  @Test func `a visitor sees times, and signs in without losing the choice`() async throws {
    try await withWorld { world in
      let page = await world.site.get("/tutors/ada/book")
      #expect(page.status == 200)
      #expect(page.text.contains("Book a lesson with Ada Baig") && page.text.contains("name=\"starts_at\""))
      #expect(page.text.contains("Cancel free of charge until 24 hours before the start."))
      #expect(!page.text.contains("bookings."), "a sentence is missing")
      let away = await world.site.get(
        "/tutors/ada/book?subject=algebra&minutes=60&starts_at=2026-11-23T12%3A00%3A00Z&sign_in=1")
      #expect(away.status == 303 && away.header("location")?.hasPrefix("/sign-in?next=%2Ftutors%2Fada%2Fbook") == true)
      #expect(away.header("location")?.contains("starts_at") == true)
      #expect(await world.site.get("/tutors/nobody/book").status == 404)
    }
  }

  @Test func `a learner books, sees the hold, and both see what they may do`() async throws {
    try await withWorld { world in
      let form: KeyValuePairs = [
        "subject": "algebra", "minutes": "60", "starts_at": world.noon.rfc3339, "note": "matrices", "key": "once",
      ]
      let made = await world.site.post("/tutors/ada/book", form, as: .ben)
      #expect(made.status == 303)
      let address = try #require(made.header("location"))
      let again = await world.site.post("/tutors/ada/book", form, as: .ben)
      #expect(again.header("location") == address)
      let page = await world.site.get(address, as: .ben)
      #expect(page.status == 200 && page.text.contains("Pay $45") && page.text.contains("data-island=\"countdown\""))
      #expect(page.text.contains("New York time") && page.text.contains("for Ada Baig, Karachi time"))
      #expect(page.text.contains("matrices"))
      #expect(await world.site.get(address, as: .cleo).status == 404)
      #expect(await world.site.get(address).status == 303)
      let id = try #require(ID<Booking>(String(address.split(separator: "/").last!)))
      _ = try await world.pay(id)
      for person in [Person.ben, .ada] {
        let page = await world.site.get(address, as: person)
        #expect(page.status == 200 && page.text.contains("Confirmed") && page.text.contains("Cancel the lesson"))
        #expect(!page.text.contains("bookings."), "a sentence is missing")
        let list = await world.site.get("/bookings", as: person)
        #expect(list.status == 200 && list.text.contains(address))
        #expect(!list.text.contains("bookings.list"), "a sentence is missing")
      }
      #expect(await world.site.get(address, as: .ada).text.contains("$36.90"))
      let file = await world.site.get(address + "/invitation.ics", as: .ben)
      #expect(file.status == 200 && file.text.contains("BEGIN:VEVENT"))
    }
  }

  @Test func `a time that is gone comes back as a form with three near ones and the person's words`() async throws {
    try await withWorld { world in
      _ = try await world.book(world.noon, by: Person.cleo.id)
      let page = await world.site.post(
        "/tutors/ada/book",
        ["subject": "algebra", "minutes": "60", "starts_at": world.noon.rfc3339, "note": "keep me"], as: .ben)
      #expect(page.status == 409)
      #expect(page.text.contains("Somebody else has just taken that time.") && page.text.contains("keep me"))
      #expect(page.text.matches(of: /class="choice"/).count == 3)
      let wrong = await world.site.post(
        "/tutors/ada/book", ["subject": "algebra", "minutes": "60", "starts_at": "tomorrow"], as: .ben)
      #expect(wrong.status == 422 && wrong.text.contains("Choose one of the times first."))
      let odd = await world.site.post(
        "/tutors/ada/book", ["subject": "algebra", "minutes": "60", "starts_at": (world.noon + .minutes(7)).rfc3339],
        as: .ben)
      #expect(odd.status == 422 && odd.text.contains("does not teach at that time"))
      let own = await world.site.post(
        "/tutors/ada/book", ["subject": "algebra", "starts_at": world.noon.rfc3339], as: .ada)
      #expect(own.status == 422)
    }
  }

  @Test func `cancelling shows its figures first, and asks again when they have changed`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.now + .hours(30))
      _ = try await world.pay(hold.id)
      let address = "/bookings/\(hold.id)/cancellation"
      world.house.clock.advance(by: .hours(1))
      let preview = await world.site.get(address, as: .ben)
      #expect(
        preview.status == 200 && preview.text.contains("everything comes back")
          && preview.text.contains("value=\"4500\""))
      world.house.clock.advance(by: .hours(10))
      let late = await world.site.post(address, ["refund": "4500", "reason": "ill"], as: .ben)
      #expect(late.status == 409 && late.text.contains("Look at the figures again") && late.text.contains("ill"))
      #expect(try await world.booked(hold.id).state == .confirmed)
      let done = await world.site.post(address, ["refund": "2250", "reason": "ill"], as: .ben)
      #expect(done.status == 303)
      #expect(try await world.booked(hold.id).reservation.refund?.rule == .late)
      let page = await world.site.get("/bookings/\(hold.id)", as: .ada)
      #expect(page.text.contains("“ill”") && page.text.contains("$22.50 of $45"))
      let again = await world.site.post(address, ["refund": "2250"], as: .ben)
      #expect(again.status == 422 && again.text.contains("no longer be done"))
      #expect(await world.site.post(address, [:], as: .cleo).status == 404)
    }
  }

  @Test func `a tutor accepts, proposes and is answered; a learner moves`() async throws {
    try await withWorld { world in
      let asked = try await world.book(world.noon, with: .dan)
      let address = "/bookings/\(asked.id)"
      #expect(await world.site.get(address, as: .dan).text.contains("asks for this lesson"))
      #expect(await world.site.post(address + "/answer", ["answer": "accept"], as: .ben).status == 403)
      #expect(
        await world.site.post(address + "/answer", ["answer": "accept", "reason": "Gladly"], as: .dan).status == 303)
      let times = await world.site.get(address + "/time", as: .dan)
      #expect(times.status == 200 && times.text.contains("Propose another time"))
      #expect(
        await world.site.post(address + "/time", ["starts_at": (world.noon + .hours(1)).rfc3339], as: .dan).status
          == 303)
      #expect(try await world.booked(asked.id).reservation.startsAt == world.noon)
      let open = await world.site.get(address, as: .ben)
      #expect(open.text.contains("Accept the new time") && !open.text.contains("bookings."))
      #expect(await world.site.post(address + "/proposal", ["answer": "accept"], as: .ben).status == 303)
      #expect(try await world.booked(asked.id).reservation.startsAt == world.noon + .hours(1))
      let moving = await world.site.get(address + "/time", as: .ben)
      #expect(
        moving.text.contains("Move this lesson") && moving.text.contains("accepts the new time before it is final"))
      let moved = await world.site.post(address + "/time", ["starts_at": (world.noon + .hours(4)).rfc3339], as: .ben)
      #expect(moved.status == 303)
      #expect(try await world.booked(asked.id).state == .requested)
    }
  }

  @Test func `every refusal and every act has its sentence`() throws {
    let house = try Catalogue(folder: TestHouse.root + "/Assets/locales")
    let keys =
      Reservation.Refusal.allCases.map { "bookings.refusal.\($0.rawValue)" }
      + NewBooking.Refusal.allCases.map { "bookings.refusal.\($0.rawValue)" }
      + Refund.Rule.allCases.flatMap { ["bookings.refund.\($0.rawValue)", "bookings.rule.\($0.rawValue)"] }
      + Reservation.State.allCases.map { "status." + $0.rawValue.replacing("_", with: "-") }
      + [
        "await_payment", "secure", "fail_payment", "accept", "decline", "cancel", "reschedule", "propose",
        "accept_proposal",
        "refuse_proposal", "begin", "complete", "report_absence", "expire", "dispute", "rule", "book",
      ].map { "bookings.history.\($0)" }
      + [
        "requested", "asked", "confirmed", "declined", "cancelled", "cancelled-by-you", "cancelled-by-staff", "moved",
        "move-asked",
        "proposed", "proposal-refused", "completed", "absent-you", "absent-other", "unanswered", "unanswered-by-you",
        "disputed", "ruled",
        "reminder-day", "reminder-hour",
      ].flatMap { kind in ["notice", "subject", "body", "action"].map { "bookings.\(kind).\($0)" } }
    for key in keys { #expect(house.has(key), "\(key)") }
  }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}

@Suite struct BookingsAPITests {
  func body(_ start: Instant, _ tutor: Person = .ada) -> JSON {
    ["tutor": .string(tutor.id.description), "starts_at": .string(start.rfc3339), "duration_minutes": 60]
  }

  @Test func `a booking is made, read, listed and cancelled over the API`() async throws {
    try await withWorld { world in
      let made = await world.site.call(
        .post, "/api/bookings/", body(world.noon), as: .ben, headers: ["idempotency-key": "a"])
      #expect(made.status == 201)
      let json = try JSON.read(made.content)
      let id = try #require(json["id"]?.id(Booking.self))
      #expect(json["status"]?.string == "held" && json["price"]?.money == Money(4500, .usd))
      #expect(json["hold_expires_at"]?.instant == world.now + .minutes(10))
      #expect(json["policy"]?["sentences"]?.strings?.isEmpty == false && json["room_code"] == nil)
      let again = await world.site.call(
        .post, "/api/bookings/", body(world.noon), as: .ben, headers: ["idempotency-key": "a"])
      #expect(again.status == 201 && again.text == made.text)
      let other = await world.site.call(
        .post, "/api/bookings/", body(world.noon + .hours(5)), as: .ben, headers: ["idempotency-key": "a"])
      #expect(other.status == 409 && other.json?["code"]?.string == "idempotency_key_reused")
      _ = try await world.pay(id)
      let read = try JSON.read(await world.site.call(.get, "/api/bookings/\(id)/", as: .ada).content)
      #expect(
        read["status"]?.string == "confirmed" && read["room_code"]?.string != nil && read["history"]?.array?.count == 2)
      #expect(await world.site.call(.get, "/api/bookings/\(id)/", as: .cleo).status == 404)
      #expect(await world.site.call(.get, "/api/bookings/\(id)/").status == 401)
      let preview = try JSON.read(await world.site.call(.delete, "/api/bookings/\(id)/?preview=1", as: .ben).content)
      #expect(preview["refund"]?["amount"]?.int == 4500 && preview["refund"]?["rule"]?.string == "early")
      #expect(try await world.booked(id).state == .confirmed)
      let gone = await world.site.call(.delete, "/api/bookings/\(id)/", ["reason": "ill"], as: .ben)
      #expect(gone.status == 200 && gone.json?["status"]?.string == "cancelled")
      let list = try JSON.read(
        await world.site.call(.get, "/api/bookings/?status=cancelled&role=learner", as: .ben).content)
      #expect(list["count"]?.int == 1 && list["results"]?.array?.count == 1 && list["next"]?.isNull == true)
      #expect(await world.site.call(.get, "/api/bookings/?colour=red", as: .ben).status == 400)
      #expect(await world.site.call(.delete, "/api/bookings/\(id)/", as: .ben).status == 409)
    }
  }

  @Test func `a lost race is 409 with three alternatives; bad input is named`() async throws {
    try await withWorld { world in
      _ = try await world.book(world.noon, by: Person.cleo.id)
      let lost = await world.site.call(.post, "/api/bookings/", body(world.noon), as: .ben)
      let json = try JSON.read(lost.content)
      #expect(lost.status == 409 && json["code"]?.string == "slot_taken" && json["alternatives"]?.array?.count == 3)
      #expect(lost.header("content-type") == "application/problem+json")
      for (broken, status) in [
        ("{", 400), ("[]", 400), ("{}", 422), (#"{"tutor":"x","starts_at":"2026-11-23T12:00:00Z"}"#, 422),
        ("{\"tutor\":\"\(Person.ada.id)\",\"starts_at\":\"2026-11-23 12:00\"}", 422),
        ("{\"tutor\":\"\(Person.ben.id)\",\"starts_at\":\"2026-11-23T12:00:00Z\"}", 404),
        ("{\"tutor\":\"\(Person.ada.id)\",\"starts_at\":\"2026-11-23T12:00:00Z\",\"duration_minutes\":45}", 422),
        ("{\"tutor\":\"\(Person.ada.id)\",\"starts_at\":\"2020-11-23T12:00:00Z\"}", 422),
        ("{\"tutor\":\"\(Person.ada.id)\",\"starts_at\":\"2029-11-23T12:00:00Z\"}", 422),
        ("{\"tutor\":\"\(Person.ada.id)\",\"starts_at\":\"2026-11-23T12:00:00Z\",\"subject\":\"piano\"}", 422),
      ] {
        var headers = Headers()
        headers.add("host", "localhost:8080")
        headers.add("cookie", "session=ben")
        headers.add("x-csrf-token", world.site.table.csrf(for: Person.ben.identity))
        headers.add("content-type", "application/json")
        let answer = await world.site.table.answer(
          Request(.post, "/api/bookings/", headers: headers, body: Array(broken.utf8)))
        #expect(answer.status == status, "\(broken) gave \(answer.status)")
      }
      #expect(try await world.count("select count(*) from bookings") == 1)
    }
  }

  @Test func `actions go through the same machine`() async throws {
    try await withWorld { world in
      let asked = try await world.book(world.noon, with: .dan)
      let path = "/api/bookings/\(asked.id)/"
      #expect(await world.site.call(.patch, path, ["action": "accept"], as: .ben).status == 403)
      #expect(await world.site.call(.patch, path, ["action": "dance"], as: .dan).status == 422)
      let accepted = await world.site.call(.patch, path, ["action": "accept"], as: .dan)
      #expect(accepted.status == 200 && accepted.json?["status"]?.string == "confirmed")
      let early = await world.site.call(.patch, path, ["action": "report_no_show"], as: .ben)
      #expect(early.status == 422 && early.json?["code"]?.string == "too_early")
      let taken = try await world.book(world.noon + .hours(2), with: .dan, by: Person.cleo.id)
      let lost = await world.site.call(
        .patch, path, ["action": "reschedule", "starts_at": .string(taken.reservation.startsAt.rfc3339)], as: .ben)
      #expect(lost.status == 409 && lost.json?["alternatives"]?.array?.count == 3)
      let moved = await world.site.call(
        .patch, path, ["action": "reschedule", "starts_at": .string((world.noon + .hours(5)).rfc3339)], as: .ben)
      #expect(moved.status == 200 && moved.json?["status"]?.string == "requested")
    }
  }
}
