import Core
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Tutors

@Suite struct WhereaboutsTests {
  /// A row of numbers that is the same every time.
  private struct Dice {
    var state: UInt64 = 5
    mutating func roll(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    /// Degrees to six places, some eleven centimetres.
    mutating func degrees(_ most: Int) -> Double { Double(roll(2_000_000 * most + 1) - 1_000_000 * most) / 1_000_000 }
  }

  @Test func `coordinates are read as people write them`() throws {
    for typed in [
      "33.68, 73.05", "33.68,73.05", " 33.68   73.05 ", "33.68; 73.05", "33.68/73.05", "+33.68, +73.05", "33,68 73,05",
      "33,68, 73,05",
      "33,68; 73,05", "33.68 N 73.05 E", "33.68N,73.05E", "N33.68 E73.05", "73.05 E, 33.68 N", "33.68° n, 73.05° e",
      "33°40'48\"N 73°3'E", "33°40′48″ N, 73°3′0″ E", "33° 40' 48'' N 73° 3' E", "٣٣٫٦٨، ٧٣٫٠٥", "۳۳٫۶۸ ۷۳٫۰۵",
      "\u{200E}33.68, 73.05",
    ] {
      let place = try Coordinates(typed: typed)
      #expect(abs(place.latitude - 33.68) < 1e-9 && abs(place.longitude - 73.05) < 1e-9, "\(typed)")
    }
    for (typed, latitude, longitude) in [
      ("-33.9, 18.4", -33.9, 18.4), ("33.9 S 18.4 E", -33.9, 18.4), ("40.7 N, 74 W", 40.7, -74),
      ("−33.9, −70.6", -33.9, -70.6),
      ("90, 180", 90, 180), ("-90, -180", -90, -180), ("0, 0", 0, 0), ("0°30' S 0°30' W", -0.5, -0.5),
      ("-0.5, 0", -0.5, 0), ("33, 73", 33, 73),
      ("33,73", 33, 73),
    ] {
      let place = try Coordinates(typed: typed)
      #expect(abs(place.latitude - latitude) < 1e-9 && abs(place.longitude - longitude) < 1e-9, "\(typed)")
    }
  }

  @Test func `what is no place is refused, and says why`() {
    for typed in [
      "", "here", "33.68", "33.68,", "1 2 3", "33.68 N", "33.68 N 73.05", "33.68 N 73.05 N", "N 33.68 N 73.05 E",
      "-33.9 S 18.4 E",
      "33°60' N 73 E", "33°-4' N 73 E", "nan, nan", "inf, 0", "1e3, 1", "33..68, 73", "33.68, 73.05, 1", "12345, 1",
      "33.6 8 73", "--1, 1", "+, -", "°",
      "33' N 73 E", String(repeating: "1", count: 200), "Lahore",
    ] { #expect(throws: Coordinates.Refusal.unreadable, "\(typed)") { try Coordinates(typed: typed) } }
    for typed in ["91, 0", "-90.01, 0", "133.68, 73"] {
      #expect(throws: Coordinates.Refusal.latitude, "\(typed)") { try Coordinates(typed: typed) }
    }
    for typed in ["0, 181", "0, -180.5", "45 N 999 E"] {
      #expect(throws: Coordinates.Refusal.longitude, "\(typed)") { try Coordinates(typed: typed) }
    }
  }

  @Test func `no words bring the reader down, and what it reads is on the ground`() {
    var dice = Dice()
    let alphabet = Array("0123456789.,;-+°'\"NSEWnsew ٣۳٫′″/é😀")
    for _ in 0..<50_000 {
      let typed = String((0..<dice.roll(24)).map { _ in alphabet[dice.roll(alphabet.count)] })
      guard let place = try? Coordinates(typed: typed) else { continue }
      #expect((-90...90).contains(place.latitude) && (-180...180).contains(place.longitude), "\(typed)")
      #expect((0..<1800 * 3600).contains(place.cell), "\(typed)")
    }
  }

  @Test func `what is kept tells the square and nothing more`() {
    var dice = Dice()
    for _ in 0..<20_000 {
      let place = Coordinates(latitude: dice.degrees(90), longitude: dice.degrees(180))
      let kept = place.kept
      // All places of one square are kept as one: its middle, which is found from the square's number alone.
      #expect(kept == Coordinates(cell: place.cell) && kept.kept == kept && kept.cell == place.cell)
      #expect(abs(kept.latitude - place.latitude) <= 0.0500001)
      // What a page shows of it reads back as the same square.
      #expect((try? Coordinates(typed: kept.text))?.cell == kept.cell, "\(kept.text)")
    }
    for (latitude, longitude) in [(90.0, 0.0), (-90, 0), (0, 180), (0, -180), (90, 180), (-90, -180)] {
      let kept = Coordinates(latitude: latitude, longitude: longitude).kept
      #expect((-90...90).contains(kept.latitude) && (-180...180).contains(kept.longitude))
      #expect(kept.kept == kept)
    }
    #expect(Coordinates(latitude: 0, longitude: 180).cell == Coordinates(latitude: 0, longitude: -180).cell)
  }

  @Test func `the store keeps squares only, whoever writes, and the same ones`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, modes: ["online", "in_person"])
      var dice = Dice()
      var places = [(90.0, 180.0), (-90, -180), (0, 0), (33.684422, 73.047882), (-33.05, -70.65), (51.5, -0.1)]
      for _ in 0..<200 { places.append((dice.degrees(90), dice.degrees(180))) }
      for (latitude, longitude) in places {
        // As a seed or a hand at the database would write it.
        try await guild.database.run(
          Query<Void>(
            "update tutors set latitude = \(latitude), longitude = \(longitude) where user_id = \(Person.ada.id)"))
        let stored = try #require(try await guild.database.first(Query<TutorRecord>.tutor(Person.ada.id))?.place)
        let wanted = Coordinates(latitude: latitude, longitude: longitude).kept
        #expect(
          abs(stored.latitude - wanted.latitude) < 1e-9 && abs(stored.longitude - wanted.longitude) < 1e-9,
          "\(latitude), \(longitude): \(stored) is not \(wanted)")
        #expect(stored.cell == wanted.cell)
      }
      try await guild.database.run(Query<Void>("update tutors set longitude = null where user_id = \(Person.ada.id)"))
      #expect(try await guild.database.first(Query<TutorRecord>.tutor(Person.ada.id))?.place == nil)
    }
  }

  @Test func `distances on cards are in fives, for both ends are known to some ten kilometres`() {
    #expect([0, 4, 7, 8, 12, 13, 200].map(TutorSearch.rounded) == [5, 5, 5, 10, 10, 15, 200])
  }
}

@Suite struct WhereaboutsPagesTests {
  private func listing(_ guild: Guild) async throws -> (cell: Int?, latitude: Double?) {
    try await guild.database.one(
      Query<(Int?, Double?)>("select cell, latitude from tutor_listings where tutor_id = \(Person.ada.id) and is_main"))
  }

  @Test func `a tutor is put on the map, moved and taken off, and the search follows`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, city: "Islamabad", modes: ["online", "in_person"])
      let form = await guild.site.get("/tutor/profile?step=about", as: .ada)
      #expect(form.status == 200 && pageFaults(form.text) == [] && !form.text.contains("⟦"))
      #expect(form.text.contains("You are not on the map yet") && !form.text.contains("Take me off the map"))
      #expect(form.header("permissions-policy")?.contains("geolocation=(self)") == true)
      for typed in ["33.684422, 73.047882", "33.684422, 73.047882"] {
        #expect(await guild.site.post("/tutor/profile/place", ["place": typed], as: .ada).status == 303)
      }
      let listed = try await listing(guild)
      #expect(listed.cell == Coordinates(latitude: 33.684422, longitude: 73.047882).cell)
      #expect(abs((listed.latitude ?? 0) - 33.65) < 1e-9)
      let page = await guild.site.get("/tutor/profile?step=about", as: .ada)
      #expect(page.text.contains("the square around 33.65, 73.05") && !page.text.contains("33.68442"))
      let map = await guild.site.get("/tutors?view=map")
      #expect(map.text.contains("1 tutor near Islamabad") && !map.text.contains("33.68442"))
      let near = await guild.site.get("/tutors?near=33.7,73.0&km=25")
      #expect(
        near.text.contains("Ada Baig") && near.text.contains("about 10 km away")
          || near.text.contains("about 5 km away"))
      #expect(!(await guild.site.get("/tutors?near=31.5,74.3&km=25")).text.contains("Ada Baig"))
      #expect(await guild.site.post("/tutor/profile/place", ["do": "remove"], as: .ada).status == 303)
      #expect(await guild.site.post("/tutor/profile/place", ["do": "remove"], as: .ada).status == 303)
      #expect(try await listing(guild).cell == nil)
    }
  }

  @Test func `a place is refused with a sentence and the words come back`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, city: "Islamabad", modes: ["in_person"])
      for (typed, words) in [
        ("", "Say where"), ("33.68", "These are no coordinates"), ("91, 10", "from -90 to 90"),
        ("10, 190", "from -180 to 180"),
        ("Lahore", "These are no coordinates"),
      ] {
        let page = await guild.site.post("/tutor/profile/place", ["place": typed], as: .ada)
        #expect(page.status == 422 && page.text.contains(words) && page.text.contains("value=\"\(typed)\""), "\(typed)")
        #expect(pageFaults(page.text) == [])
      }
      #expect(try await listing(guild).cell == nil)
    }
  }

  @Test func `who teaches online only is nowhere, whatever was once said`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, city: "Islamabad", place: (33.68, 73.05), modes: ["online", "in_person"])
      #expect(try await listing(guild).cell != nil)
      var online = guild.about()
      online = online.with("city", "Islamabad")
      #expect(await guild.site.post("/tutor/profile/about", fields: online, as: .ada).status == 303)
      #expect(try await listing(guild).cell == nil)
      let refused = await guild.site.post("/tutor/profile/place", ["place": "33.68, 73.05"], as: .ada)
      #expect(refused.status == 422 && refused.text.contains("teach in person"))
      let both = online.with("modes", "in_person")
      #expect(await guild.site.post("/tutor/profile/about", fields: both, as: .ada).status == 303)
      #expect(try await listing(guild).cell != nil)
    }
  }

  @Test func `a learner looks near coordinates or a town, and is told when it is unknown`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, city: "Islamabad", place: (33.68, 73.05), modes: ["in_person"])
      let plain = await guild.site.get("/tutors")
      #expect(plain.header("permissions-policy")?.contains("geolocation=(self)") == true)
      #expect(await guild.site.get("/tutors/ada").header("permissions-policy")?.contains("geolocation=()") == true)
      let typed = await guild.site.get("/tutors?place=33.684422+N+73.047882+E&subject=algebra&sort=price")
      #expect(typed.status == 303)
      let address = typed.header("location") ?? ""
      #expect(
        address.contains("near=33.7%2C73.0") && address.contains("km=25") && address.contains("subject=algebra")
          && !address.contains("684"))
      let found = await guild.site.get(address)
      #expect(found.status == 200 && found.text.contains("Ada Baig") && pageFaults(found.text) == [])
      let town = await guild.site.get("/tutors?place=islamabad&km=50")
      let there = town.header("location") ?? ""
      #expect(town.status == 303 && there.contains("town=islamabad") && there.contains("km=50"))
      let page = await guild.site.get(there)
      #expect(page.text.contains("near islamabad, 50 km") && page.text.contains("Within 50 km"))
      // The chip takes the place away with all that belongs to it.
      #expect(page.text.contains("href=\"/tutors?\""))
      let nowhere = await guild.site.get("/tutors?place=Atlantis")
      #expect(
        nowhere.status == 200 && nowhere.text.contains("This place was not found")
          && nowhere.text.contains("value=\"Atlantis\""))
      #expect(nowhere.text.contains("Ada Baig"), "what was not understood is left out")
    }
  }
}
