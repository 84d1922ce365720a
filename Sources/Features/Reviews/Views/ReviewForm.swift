import Core
import HTML
import Site

struct ReviewForm: View {
  let occasion: Review.Occasion
  let draft: ReviewDraft
  var refusal: Review.Refusal?

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("reviews.formTitle") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let banner: HTML? = refusal.map { page.banner(.danger, t.sentence("reviews.refusal.\($0.rawValue)", [:])) }
    let head = page.head(
      t("reviews.formTitle"), lead: t("reviews.formLead", tutor: occasion.tutorName, subject: occasion.subject))
    if refusal == .alreadyReviewed || refusal == .notFinished || refusal == .tooOld {
      return
        "\(head)\(banner)<p>\(page.buttonLink(t("reviews.toTutor"), to: Doors.tutor(occasion.tutorSlug), "primary"))</p>"
    }
    let stars: [HTML] = (1...5).map { number in
      """
      <input type="radio" name="stars" value="\(number)" id="stars-\(number)"\(flag: "checked", when: draft.stars == number) required>\
      <label for="stars-\(number)"><span class="visually-hidden">\(t("reviews.starCount", count: number))</span></label>
      """
    }
    let aspects: [HTML] = Review.Aspect.allCases.map { aspect in
      let options =
        [Field.Option("", t("reviews.noSay"))]
        + (1...5).reversed().map { Field.Option(String($0), t("reviews.starCount", count: $0)) }
      return page.field(
        Field(
          aspect.rawValue, t.sentence("reviews.aspect.\(aspect.rawValue)", [:]), .select(options),
          value: draft.aspects[aspect].map(String.init) ?? "", isRequired: false))
    }
    return """
      \(head)
      <form class="form card" method="post" action="\(Doors.review(occasion.booking))" data-island="form" data-draft="review-\(occasion.booking.description)">\(page.csrfField)\(banner)
      <fieldset class="star-input" id="stars"><legend class="label">\(t("reviews.stars"))</legend><div>\(stars)</div></fieldset>
      \(page.field(Field("words", t("reviews.words"), .area(rows: 5), value: draft.words, hint: t("reviews.wordsHint"), isRequired: false, longest: Review.longest)))
      <details class="disclosure"><summary>\(t("reviews.details"))</summary><div class="field-row">\(aspects)</div></details>
      <div class="actions"><button class="button primary">\(t("reviews.publish"))</button></div></form>
      """
  }
}
