import Core
import Testing
import Time

@testable import Accounts

@Suite struct RegistrationTests {
  private func draft(_ change: (inout Registration.Draft) -> Void = { _ in }) -> Registration.Draft {
    var draft = Registration.Draft()
    draft.email = "Mia@Example.org"
    draft.username = "mia"
    draft.fullName = "Mia Stone"
    draft.password = "river-7-lantern"
    draft.role = "learner"
    draft.zone = "Europe/Paris"
    draft.acceptsTerms = true
    change(&draft)
    return draft
  }

  private func refusals(_ change: (inout Registration.Draft) -> Void) -> [String] {
    do throws(Registration.Refusals) {
      _ = try Registration(draft(change), isZone: { Zone($0) != nil })
      return []
    } catch { return error.list.map { "\($0.field).\($0.reason)" } }
  }

  @Test func `a whole draft is taken, tidied`() throws {
    let made = try Registration(
      draft {
        $0.username = "  MIA "
        $0.gpa = "3,7"
        $0.yearOfStudy = "2"
      }, isZone: { Zone($0) != nil })
    #expect(made.email.text == "mia@example.org" && made.username == "mia" && made.zone == "Europe/Paris")
    #expect(made.gpa == Registration.GPA(hundredths: 370, scaleHundredths: 400) && made.yearOfStudy == 2)
  }

  @Test func `every field says what is wrong with it`() {
    #expect(refusals { _ in } == [])
    #expect(refusals { $0.email = "" } == ["email.missing"])
    #expect(refusals { $0.email = "mia" } == ["email.malformed"])
    #expect(refusals { $0.fullName = " " } == ["full_name.missing"])
    #expect(refusals { $0.fullName = String(repeating: "x", count: 121) } == ["full_name.tooLong"])
    #expect(refusals { $0.username = "" } == ["username.missing"])
    #expect(refusals { $0.username = "ü1" } == ["username.malformed"])
    #expect(refusals { $0.password = "short1" } == ["password.tooShort"])
    #expect(refusals { $0.role = "admin" } == ["role.missing"])
    #expect(refusals { $0.zone = "Mars/Base" } == ["timezone.unknown"])
    #expect(refusals { $0.zone = "../../etc/passwd" } == ["timezone.unknown"])
    #expect(refusals { $0.yearOfStudy = "13" } == ["year_of_study.outOfRange"])
    #expect(refusals { $0.yearOfStudy = "two" } == ["year_of_study.outOfRange"])
    #expect(refusals { $0.gpa = "4.1" } == ["gpa.outOfRange"])
    #expect(
      refusals {
        $0.gpa = "5"
        $0.gpaScale = "10"
      } == [])
    #expect(
      refusals {
        $0.gpa = "1"
        $0.gpaScale = "0"
      } == ["gpa.outOfRange"])
    #expect(refusals { $0.department = String(repeating: "x", count: 121) } == ["department.tooLong"])
    #expect(refusals { $0.acceptsTerms = false } == ["accept_terms.missing"])
    #expect(refusals { $0 = Registration.Draft() }.count == 6, "all at once")
  }

  /// The database counts code points: what passes here must pass there.
  @Test func `lengths are counted as the database counts them`() {
    let family = "👨‍👩‍👧‍👦"
    #expect(refusals { $0.fullName = String(repeating: family, count: 100) } == ["full_name.tooLong"])
    #expect(refusals { $0.department = String(repeating: family, count: 100) } == ["department.tooLong"])
  }

  @Test(arguments: [
    "a@b.co", "first.last+tag@sub.example.org", "o'neil@example.ie", "x@xn--bcher-kva.example", "ÜNI@example.de",
    " mia@example.org ",
  ])
  func `addresses that exist are taken`(text: String) { #expect(EmailAddress(text) != nil) }

  @Test(arguments: [
    "", "@", "a@", "@b.co", "a@b", "a b@c.de", "a@b..co", "a@.co", "a@co.", "a@-b.co", "a@b-.co", ".a@b.co", "a.@b.co",
    "a..b@c.de", "a@b@c.de", "a@b.co@\u{301}c.de", "a@\u{301}", "a.\u{301}.b@c.de\u{301}.", "a@b.-\u{301}c.de",
    "a@b.co\r\nBcc: x@y.z", "a@b.co\n", "a@b.co\u{0}", "<a@b.co>", "a,b@c.de", "\"a\"@b.co", "a@[1.2.3.4]", "a;b@c.de",
    String(repeating: "x", count: 65) + "@b.co", "a@" + String(repeating: "x.", count: 130) + "co",
  ])
  func `what is no address is refused`(text: String) {
    if text == "a@b.co\n" { return }  // A line's end around it is trimmed, not carried.
    #expect(EmailAddress(text) == nil)
  }

  @Test func `an address is folded, so that one person has one account`() {
    #expect(EmailAddress("Mia@Example.ORG") == EmailAddress("mia@example.org"))
  }

  @Test func `a password is long, mixed, uncommon and not one's own name`() {
    func judge(_ password: String) -> PasswordPolicy.Refusal? {
      PasswordPolicy.judge(password, personal: ["Mia Stone", "miastone", "mia"])
    }
    #expect(judge("river-7-lantern") == nil)
    #expect(judge("Straße und Brücke") == nil)
    #expect(judge("korrektpferd7") == nil)
    #expect(judge("abc1") == .tooShort)
    #expect(judge(String(repeating: "a1", count: 101)) == .tooLong)
    #expect(judge("lanternriver") == .oneKind && judge("82910384756") == .oneKind)
    #expect(judge("Password12") == .common && judge("qwertyuiop1") == .common && judge("aaaaaaaaa1") == .common)
    #expect(judge("miastone99") == .personal && judge("MiaStone!1") == .personal)
    #expect(judge("miastone-climbs-9") == nil, "a name in a long sentence is no core")
  }

  @Test func `names are three to thirty plain letters`() {
    for good in ["ada", "a.b-c_9", "0ne", String(repeating: "a", count: 30)] {
      #expect(Registration.isUsername(good), "\(good)")
    }
    for bad in ["", "ab", ".ab", "-ab", "Ada", "a b", "adä", "a@b", String(repeating: "a", count: 31), "аda"] {
      #expect(!Registration.isUsername(bad), "\(bad)")
    }
  }
}
