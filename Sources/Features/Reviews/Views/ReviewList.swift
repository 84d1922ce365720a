import Core
import HTML
import Site

/// A tutor's reviews with their summary; stands on the tutor's page and on a page of its own.
struct ReviewList {
  let summary: ReviewSummary
  let reviews: [ReviewCard]
  let mayReply: Bool

  func body(_ page: PageContext) -> HTML {
    "<section class=\"section\" id=\"reviews\"><h2>\(page.t("reviews.title"))</h2>\(content(page))</section>"
  }

  /// Without a heading: for where there is one.
  func content(_ page: PageContext) -> HTML {
    reviews.isEmpty
      ? "<p class=\"muted\">\(page.t("reviews.none"))</p>"
      : "<div class=\"stack\">\(overview(page))\(reviews.map { card($0, page) })</div>"
  }

  private func overview(_ page: PageContext) -> HTML {
    let t = page.t
    let aspects: [HTML] = zip(Review.Aspect.allCases, summary.aspects).compactMap { aspect, value in
      value.map { value in
        "<div><dt>\(t.sentence("reviews.aspect.\(aspect.rawValue)", [:]))</dt><dd>\(page.stars(thousandths: value))</dd></div>"
      }
    }
    let list: HTML? = aspects.isEmpty ? nil : "<dl class=\"facts rows\">\(aspects)</dl>"
    return
      "<div class=\"card quiet\"><p>\(page.rating(thousandths: summary.average, count: summary.count))</p>\(list)</div>"
  }

  private func card(_ review: ReviewCard, _ page: PageContext) -> HTML {
    let t = page.t
    let words: HTML? = review.words.isEmpty ? nil : "<p>\(review.words)</p>"
    let reply: HTML? = review.reply.map {
      "<blockquote class=\"reply\"><p class=\"eyebrow\">\(t("reviews.reply"))</p><p>\($0)</p></blockquote>"
    }
    let form: HTML? =
      mayReply
      ? """
      <details class="disclosure"><summary>\(review.reply == nil ? t("reviews.answer") : t("reviews.reword"))</summary>
      <form class="form" method="post" action="\(ReviewPaths.reply(review.id))" data-island="form">\(page.csrfField)<input type="hidden" name="next" value="\(page.path)">
      <div class="field"><label class="label" for="reply-\(review.id.description)">\(t("reviews.yourAnswer"))</label>
      <textarea class="input" id="reply-\(review.id.description)" name="words" rows="3" maxlength="2000" required>
      \(review.reply)</textarea></div><div class="actions"><button class="button small">\(t("reviews.sendAnswer"))</button></div></form></details>
      """ : nil
    // The family name stays away: a review is public.
    let name = review.author.split(separator: " ").first.map(String.init) ?? review.author
    return """
      <article class="card review"><div class="cluster">\(page.avatar(name, of: review.authorID, size: "small"))<strong>\(name)</strong>\(page.stars(thousandths: review.stars * 1000))\
      <span class="muted small">\(review.subject) · \(page.ago(review.writtenAt))</span></div>\(words)\(reply)\(form)</article>
      """
  }
}

struct ReviewsPage: View {
  let slug: String
  let list: ReviewList

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("reviews.title") }

  func body(_ page: PageContext) -> HTML {
    "\(page.head(page.t("reviews.title")))<p><a class=\"link\" href=\"\(Doors.tutor(slug))\">\(page.t("reviews.toTutor"))</a></p>\(list.content(page))"
  }
}
