import Core
import JSON
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Notices

@Suite struct NotificationCentreTests {
  @Test func `an empty centre says what belongs there`() async throws {
    try await withNotices { house in
      let page = await house.site.get("/notifications", as: .ben)
      #expect(page.status == 200)
      #expect(page.text.contains("Nothing here yet"))
      #expect(!page.text.contains("Mark all as read"))
    }
  }

  @Test func `what was told is shown newest first, marked one by one and all at once`() async throws {
    try await withNotices { house in
      try await house.tell(.ben, "accounts.reset", link: nil)
      try await house.tell(.ben)
      let page = await house.site.get("/notifications", as: .ben)
      #expect(page.text.contains("2 are new."))
      let newest = page.text.firstRange(of: "Your password was changed.")
      let older = page.text.firstRange(of: "Set a new password.")
      #expect(newest != nil && older != nil && newest!.lowerBound < older!.lowerBound)
      let ids = try await house.database.all(Query<ID<Notification>>("select id from notifications order by number"))
      let marked = await house.site.post("/notifications/\(ids[0])/reading", as: .ben)
      #expect(marked.status == 303)
      let one = await house.site.get("/notifications", as: .ben)
      #expect(one.text.contains("1 is new."))
      _ = await house.site.post("/notifications/readings", as: .ben)
      let none = await house.site.get("/notifications?unread=1", as: .ben)
      #expect(none.text.contains("You have read everything"))
    }
  }

  @Test func `following a notice leads to its thing and marks it read`() async throws {
    try await withNotices { house in
      try await house.tell()
      let id = try await house.database.one(Query<ID<Notification>>("select id from notifications"))
      let response = await house.site.get("/notifications/\(id)", as: .ben)
      #expect(response.status == 303)
      #expect(response.header("location") == "/account")
      let unread = try await house.database.one(.unread(of: Person.ben.id))
      #expect(unread == 0)
    }
  }

  @Test func `nobody reads or marks what others were told`() async throws {
    try await withNotices { house in
      try await house.tell(.ben)
      let id = try await house.database.one(Query<ID<Notification>>("select id from notifications"))
      let followed = await house.site.get("/notifications/\(id)", as: .cleo)
      let marked = await house.site.post("/notifications/\(id)/reading", as: .cleo)
      let changed = await house.site.call(.patch, "/api/notifications/\(id)/", ["read": true], as: .cleo)
      let guest = await house.site.call(.get, "/api/notifications/")
      #expect([followed.status, marked.status, changed.status, guest.status] == [404, 404, 404, 401])
      let page = await house.site.get("/notifications", as: .cleo)
      #expect(page.text.contains("Nothing here yet"))
      _ = await house.site.post("/notifications/readings", as: .cleo)
      let unread = try await house.database.one(.unread(of: Person.ben.id))
      #expect(unread == 1)
    }
  }

  @Test func `words in a value are words, whatever is in them`() async throws {
    try await withNotices { house in
      try await house.tell(.ben, "accounts.passwordChanged", ["name": .text("<script>alert(1)</script>")])
      let page = await house.site.get("/notifications", as: .ben)
      #expect(!page.text.contains("<script>alert"))
    }
  }

  @Test func `a long list goes page by page, each notice once`() async throws {
    try await withNotices { house in
      for _ in 0..<45 { try await house.tell(.ben, link: nil) }
      var seen: [String] = []
      var address: String? = "/api/notifications/?page_size=20"
      while let next = address {
        let page = try JSON.read(await house.site.call(.get, next, as: .ben).content)
        seen += page["results"]?.array?.compactMap { $0["id"]?.string } ?? []
        #expect(page["count"]?.int == 45)
        #expect(page["unread"]?.int == 45)
        address = page["next"]?.string
      }
      #expect(seen.count == 45)
      #expect(Set(seen).count == 45)
      let first = await house.site.get("/notifications", as: .ben)
      #expect(first.text.contains("before="))
    }
  }

  @Test func `the API lists, marks and unmarks`() async throws {
    try await withNotices { house in
      try await house.tell()
      let list = try JSON.read(await house.site.call(.get, "/api/notifications/", as: .ben).content)
      let notice = try #require(list["results"]?[0])
      #expect(notice["type"]?.string == "accounts.passwordChanged")
      #expect(notice["content"]?.string == "Your password was changed.")
      #expect(notice["link"]?.string == "/account")
      #expect(notice["read"]?.bool == false)
      #expect(notice["timestamp"]?.instant != nil)
      let address = "/api/notifications/\(notice["id"]?.string ?? "")/"
      let read = try JSON.read(await house.site.call(.patch, address, ["read": true], as: .ben).content)
      #expect(read["read"]?.bool == true)
      let again = await house.site.call(.patch, address, ["read": true], as: .ben)
      #expect(again.status == 200)
      let unread = try JSON.read(await house.site.call(.patch, address, ["read": false], as: .ben).content)
      #expect(unread["read"]?.bool == false)
      let all = try JSON.read(await house.site.call(.post, "/api/notifications/read-all/", as: .ben).content)
      #expect(all["read"]?.int == 1)
      let twice = try JSON.read(await house.site.call(.post, "/api/notifications/read-all/", as: .ben).content)
      #expect(twice["read"]?.int == 0)
    }
  }

  @Test(arguments: ["?page_size=0", "?page_size=101", "?page_size=x", "?cursor=zz", "?colour=red"])
  func `a filter that does not exist or fit is refused`(_ query: String) async throws {
    try await withNotices { house in
      let status = await house.site.call(.get, "/api/notifications/" + query, as: .ben).status
      #expect(status == 400)
    }
  }

  @Test func `a change that says nothing is refused by field`() async throws {
    try await withNotices { house in
      try await house.tell()
      let id = try await house.database.one(Query<ID<Notification>>("select id from notifications"))
      for body in [["read": "yes"], [:], ["unread": true]] as [JSON] {
        let response = await house.site.call(.patch, "/api/notifications/\(id)/", body, as: .ben)
        #expect(response.status == 422)
      }
      let empty = await house.site.call(.patch, "/api/notifications/\(id)/", as: .ben)
      #expect(empty.status == 400)
    }
  }

  @Test func `what is rolled back was never told`() async throws {
    struct Interrupted: Error {}
    try await withNotices { house in
      await #expect(throws: Interrupted.self) {
        try await house.database.transaction { tx in
          try await house.notices.tell(Person.ben.id, "accounts.passwordChanged", in: tx)
          throw Interrupted()
        }
      }
      let told = try await house.database.one(Query<Int>("select count(*)::int from notifications"))
      let mails = try await house.mails()
      #expect(told == 0)
      #expect(mails.isEmpty)
    }
  }

  @Test func `clearing while more is told leaves the rest new`() async throws {
    try await withNotices { house in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<10 {
          group.addTask { try await house.tell(.ben, link: nil) }
          group.addTask { _ = await house.site.post("/notifications/readings", as: .ben) }
        }
        try await group.waitForAll()
      }
      let total = try await house.database.one(Query<Int>("select count(*)::int from notifications"))
      #expect(total == 10)
      _ = await house.site.post("/notifications/readings", as: .ben)
      let unread = try await house.database.one(.unread(of: Person.ben.id))
      #expect(unread == 0)
    }
  }
}
