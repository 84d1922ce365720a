import Audit
import Core
import JSON
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Tutors

@Suite struct ProfileStepsTests {
  @Test func `a learner sets out to teach, step by step, and is listed once verified`() async throws {
    try await withGuild { guild in
      for step in ["about", "subjects", "languages", "credentials", "samples", "finish", "nonsense"] {
        let page = await guild.site.get("/tutor/profile?step=\(step)", as: .dan)
        #expect(page.status == 200 && pageFaults(page.text) == [], "\(step)")
      }
      try await guild.prepare()
      for step in ["about", "subjects", "languages", "credentials", "samples", "finish"] {
        let page = await guild.site.get("/tutor/profile?step=\(step)&saved=\(step)", as: .dan)
        #expect(page.status == 200 && pageFaults(page.text) == [], "\(step)")
      }
      #expect(await guild.find("") == [])
      #expect(await guild.site.get("/tutors/dan").status == 404)
      #expect(await guild.site.get("/tutors/dan", as: .dan).status == 200, "one's own page can be looked at before")
      #expect(await guild.site.post("/tutor/profile/submission", as: .dan).status == 303)
      #expect(try await guild.state(.dan) == "submitted")
      #expect(await guild.site.post("/tutor/profile/submission", as: .dan).status == 422)
      #expect(try await guild.feature.judge(Person.dan.id, isGood: true, reason: nil, by: .command))
      #expect(await guild.find("") == ["dan"])
      let page = await guild.site.get("/tutors/dan")
      #expect(page.status == 200 && page.text.contains("Dan Okafor") && pageFaults(page.text) == [])
      #expect(try await guild.database.one(Query<Int>("select completion from tutors")) == 65)
    }
  }

  @Test func `an unfinished profile is not submitted`() async throws {
    try await withGuild { guild in
      #expect(await guild.site.post("/tutor/profile/about", fields: guild.about(), as: .dan).status == 303)
      let page = await guild.site.post("/tutor/profile/submission", as: .dan)
      #expect(page.status == 422 && !page.text.contains("⟦"))
      let state = try await guild.state(.dan)
      #expect(state == "draft")
    }
  }

  @Test func `each step refuses with a sentence and keeps the words`() async throws {
    try await withGuild { guild in
      let family = "👨‍👩‍👧‍👦"
      for (field, value) in [
        ("headline", ""), ("headline", String(repeating: "x", count: 121)),
        ("headline", String(repeating: family, count: 60)), ("biography", "short"),
        ("biography", String(repeating: family, count: 900)), ("years_teaching", "71"), ("years_teaching", "x"),
        ("modes", "telepathy"),
        ("modes", "in_person"), ("approval", "never"), ("city", String(repeating: "x", count: 81)),
        ("experience", String(repeating: "x", count: 3001)),
      ] {
        let page = await guild.site.post("/tutor/profile/about", fields: guild.about([field: value]), as: .dan)
        #expect(page.status == 422 && !page.text.contains("⟦"), "\(field) \(value.prefix(8)) \(page.status)")
      }
      #expect(try await guild.database.one(Query<Int>("select count(*) from tutors")) == 0)
      try await guild.prepare()
      for fields: KeyValuePairs<String, String> in [
        [:], ["subject": "x", "rate": "1", "durations": "60"],
        ["subject": ID<Subject>.new().description, "rate": "1", "durations": "60"],
        ["subject": Guild.piano.description, "rate": "", "durations": "60"],
        ["subject": Guild.piano.description, "rate": "-5", "durations": "60"],
        ["subject": Guild.piano.description, "rate": "0", "durations": "60"],
        ["subject": Guild.piano.description, "rate": "9999999", "durations": "60"],
        ["subject": Guild.piano.description, "rate": "45", "durations": "7"],
        ["subject": Guild.piano.description, "rate": "45"],
      ] {
        let page = await guild.site.post("/tutor/profile/subjects", fields, as: .dan)
        #expect(page.status == 422 && !page.text.contains("⟦"), "\(fields)")
      }
      for fields: KeyValuePairs<String, String> in [
        [:], ["language": "xx", "fluency": "native"], ["language": "en", "fluency": "godlike"],
      ] {
        #expect(await guild.site.post("/tutor/profile/languages", fields, as: .dan).status == 422)
      }
      for fields: KeyValuePairs<String, String> in [
        [:], ["kind": "crown", "title": "King"], ["kind": "degree", "title": ""],
        ["kind": "degree", "title": String(repeating: family, count: 100)],
        ["kind": "degree", "title": "MSc", "year": "1066"],
        ["kind": "degree", "title": "MSc", "issuer": String(repeating: family, count: 100)],
        ["kind": "gpa", "title": "GPA", "gpa": "5", "gpa_scale": "4"], ["kind": "gpa", "title": "GPA"],
        ["kind": "gpa", "title": "GPA", "gpa": "0", "gpa_scale": "0"],
      ] {
        let page = await guild.site.post("/tutor/profile/credentials", fields, as: .dan)
        #expect(page.status == 422 && !page.text.contains("⟦"), "\(fields)")
      }
      #expect(
        await guild.site.post(
          "/tutor/profile/credentials", ["kind": "gpa", "title": "GPA", "gpa": "3.7", "gpa_scale": "4"], as: .dan
        ).status == 303)
      #expect(
        await guild.site.post(
          "/tutor/profile/subjects", ["subject": Guild.piano.description, "is_free": "on", "durations": "30"], as: .dan
        ).status == 303)
      let long = String(repeating: "教", count: 5900)
      #expect(
        await guild.site.post(
          "/tutor/profile/about",
          fields: guild.about(["biography": long, "experience": String(repeating: "教", count: 3000)]), as: .dan
        ).status == 303)
      // Only who teaches has these steps.
      #expect(
        await guild.site.post("/tutor/profile/languages", ["language": "en", "fluency": "native"], as: .ben).status
          == 403)
      #expect(await guild.site.get("/tutor/profile").status == 303)
    }
  }

  @Test func `a sample that is none is refused, and a good one is kept and taken away again`() async throws {
    try await withGuild { guild in
      try await guild.prepare()
      let wav = silence
      for (name, bytes) in [
        ("a.mp3", Array("<html><script>alert(1)</script>".utf8)), ("a.exe", Array("MZ\u{90}".utf8)), ("b.wav", []),
      ] {
        let page = await guild.upload(
          "/tutor/profile/samples", ["title": "Song"], file: ("sample", name, bytes), as: .dan)
        #expect(page.status == 422 && !page.text.contains("⟦"), "\(name)")
      }
      #expect(
        await guild.upload("/tutor/profile/samples", ["title": ""], file: ("sample", "a.wav", wav), as: .dan).status
          == 422)
      #expect(
        await guild.upload("/tutor/profile/samples", ["title": "Song"], file: ("sample", "a.wav", wav), as: .dan).status
          == 303)
      let sample = try await guild.database.one(Query<ID<Sample>>("select id from tutor_samples"))
      #expect(await guild.site.post("/tutor/profile/samples/\(sample)", as: .ada).status < 400)
      #expect(
        try await guild.database.one(Query<Int>("select count(*) from tutor_samples")) == 1,
        "nobody takes away another's")
      #expect(await guild.site.post("/tutor/profile/samples/\(sample)", as: .dan).status == 303)
      #expect(try await guild.database.one(Query<Int>("select count(*) from tutor_samples")) == 0)
    }
  }

  @Test func `two administrators at once make one verdict, and the tutor is told once`() async throws {
    try await withGuild { guild in
      try await guild.prepare()
      #expect(await guild.site.post("/tutor/profile/submission", as: .dan).status == 303)
      let verdicts = try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<10 {
          group.addTask {
            try await guild.feature.judge(Person.dan.id, isGood: index % 2 == 0, reason: "why", by: .command)
          }
        }
        return try await group.reduce(into: [Bool]()) { $0.append($1) }
      }
      let state = try await guild.state(.dan)
      let told = try await guild.database.all(
        Query<String>(
          "select kind from mails where user_id = \(Person.dan.id) and kind like 'tutors.%' order by created_at"))
      #expect(verdicts.contains(true) && told.count == verdicts.count { $0 })
      #expect(await guild.find("") == (state == "verified" ? ["dan"] : []))
    }
  }

  @Test func `who pauses, is suspended or is sent back leaves the search, and comes back`() async throws {
    try await withGuild { guild in
      try await guild.list(.dan)
      #expect(await guild.find("") == ["dan"])
      #expect(await guild.site.post("/tutor/profile/pause", as: .dan).status == 303)
      #expect(await guild.find("") == [])
      #expect(await guild.site.get("/tutors/dan").status == 404)
      #expect(await guild.site.post("/tutor/profile/pause", as: .dan).status == 409)
      #expect(await guild.site.post("/tutor/profile/pause", ["resume": "on"], as: .dan).status == 303)
      #expect(await guild.find("") == ["dan"])
      for isOn in [true, false] {
        try await guild.database.transaction { tx in
          _ = try await guild.sessions.suspend(Person.dan.id, isOn: isOn, by: .command, in: tx)
        }
        try await guild.site.runJobs()
        #expect(await guild.find("") == (isOn ? [] : ["dan"]), "suspended: \(isOn)")
        #expect(await guild.site.get("/tutors/dan").status == (isOn ? 404 : 200))
      }
      #expect(try await guild.feature.judge(Person.dan.id, isGood: false, reason: "Your papers", by: .command))
      #expect(await guild.find("") == [])
      let finish = await guild.site.get("/tutor/profile?step=finish", as: .dan)
      #expect(finish.text.contains("Your papers"))
    }
  }

  @Test func `what is in a biography stays words`() async throws {
    try await withGuild { guild in
      let bad =
        "<script>alert(1)</script> [x](javascript:alert(2)) <img src=x onerror=alert(3)> ![y](javascript:alert(4)) <http://a.example/\"onmouseover=\"x>\n\n**bold**"
      try await guild.list(.dan, headline: "<b>\"quoted\"</b>", city: "<i>", biography: bad)
      let page = await guild.site.get("/tutors/dan")
      #expect(page.status == 200 && page.text.contains("<strong>bold</strong>"))
      for word in ["<script>alert", "javascript:alert", "onerror=alert(3)>", "<b>\"", "<i>"] {
        #expect(!page.text.contains(word), "\(word)")
      }
      let list = await guild.site.get("/tutors")
      #expect(list.status == 200 && !list.text.contains("<b>\"") && list.text.contains("&lt;b&gt;"))
    }
  }
}
