import Core
import HTML
import Site

/// The steps of a tutor's profile, each its own address.
enum ProfileStep: String, CaseIterable, Sendable {
  case about, subjects, languages, credentials, samples, finish
}

/// The tutor's own profile, step by step, with what is missing always in sight.
struct ProfileEditor: View {
  let tutor: TutorRecord?
  let step: ProfileStep
  let about: TutorAbout.Draft
  let refusals: [TutorAbout.Refusal]
  let completion: Completion
  let currency: Currency
  let subjects: [SubjectLine]
  let offers: [TutorSubjectLine]
  let languages: [SpokenLanguage]
  let credentials: [CredentialLine]
  let samples: [SampleLine]
  /// A transcript that was refused, which must not be lost.
  var words: String?
  let note: String
  /// What was typed as the place and is given back.
  var typedPlace: String?
  /// Whether a town's name is a place too.
  var knowsTowns = false

  func title(_ page: PageContext) -> String { page.t("site.tutorProfile") }

  private func error(_ field: String, of sample: ID<Sample>? = nil, _ page: PageContext) -> String? {
    refusals.first { $0.field == field && $0.sample == sample }.map { sentence($0, page) }
  }

  private func sentence(_ refusal: TutorAbout.Refusal, _ page: PageContext) -> String {
    page.t.sentence("tutors.refusal.\(refusal.field).\(refusal.reason)", refusal.line.map { ["line": $0] } ?? [:])
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let saved: HTML? = ProfileStep(rawValue: note) == nil ? nil : page.banner(.success, t("tutors.saved"))
    let steps: [HTML] = ProfileStep.allCases.map { each in
      let label = t.sentence("tutors.step.\(each.rawValue)", [:])
      let link: HTML =
        tutor == nil && each != .about
        ? "<span>\(label)</span>" : "<a href=\"\(Doors.tutorProfile() + "?step=" + each.rawValue)\">\(label)</a>"
      return
        "<li\(attribute: "class", isDone(each) ? "done" : nil)\(attribute: "aria-current", each == step ? "step" : nil)>\(link)</li>"
    }
    let state: HTML? = tutor.map { page.status($0.state) }
    let see: HTML? = tutor.map { page.buttonLink(t("tutors.seePage"), to: Doors.tutor($0.slug), "quiet", icon: "eye") }
    return """
      \(page.head(t("site.tutorProfile"), lead: t("tutors.profileLead"), actions: see))
      <div class="stack loose">\(saved)
      <div class="spread"><p class="cluster">\(state)<span>\(t("tutors.complete", score: completion.score))</span></p></div>
      <progress class="progress" max="100" value="\(completion.score)" aria-label="\(t("tutors.complete", score: completion.score))"></progress>
      <nav aria-label="\(t("tutors.steps"))"><ol class="stepper">\(steps)</ol></nav>
      \(page.formErrors(refusals.map { ($0.sample.map { "sample-\($0)" } ?? $0.field, sentence($0, page)) }))
      \(content(page))</div>
      """
  }

  private func isDone(_ step: ProfileStep) -> Bool {
    let missing = Set(completion.missing)
    switch step {
    case .about: return !missing.contains(.headline) && !missing.contains(.biography)
    case .subjects: return !missing.contains(.subjects)
    case .languages: return !missing.contains(.languages)
    case .credentials: return !missing.contains(.credentials)
    case .samples: return !missing.contains(.sample)
    case .finish: return tutor?.state == "verified"
    }
  }

  private func content(_ page: PageContext) -> HTML {
    switch step {
    case .about: aboutForm(page) + placeForm(page)
    case .subjects: subjectForm(page)
    case .languages: languageForm(page)
    case .credentials: credentialForm(page)
    case .samples: sampleForm(page)
    case .finish: finish(page)
    }
  }

  private func onward(_ step: ProfileStep, _ page: PageContext) -> HTML {
    page.buttonLink(
      page.t("tutors.next"), to: Doors.tutorProfile() + "?step=" + step.rawValue, "primary", icon: "arrow-right")
  }

  private func aboutForm(_ page: PageContext) -> HTML {
    let t = page.t
    func mode(_ value: String) -> HTML {
      """
      <label class="check"><input type="checkbox" name="modes" value="\(value)"\(flag: "checked", when: about.modes.contains(value))>\
      <span>\(t.sentence("tutors.mode.\(value)", [:]))</span></label>
      """
    }
    func approval(_ value: String, _ label: String, _ words: String) -> HTML {
      """
      <label class="choice"><input type="radio" name="approval" value="\(value)"\(flag: "checked", when: about.approval == value)>\
      <span class="choice-body"><strong>\(label)</strong><span>\(words)</span></span></label>
      """
    }
    return """
      <form class="form card" method="post" action="\(TutorPaths.about())" data-island="form" data-draft="tutor-about">\(page.csrfField)
      \(page.field(Field("headline", t("tutors.headline"), value: about.headline, hint: t("tutors.headlineHint"), error: error("headline", page), longest: 120)))
      \(page.field(Field("biography", t("tutors.biography"), .area(rows: 9), value: about.biography, hint: t("tutors.biographyHint"), error: error("biography", page), longest: 6000)))
      \(page.field(Field("experience", t("tutors.experience"), .area(rows: 4), value: about.experience, error: error("experience", page), isRequired: false, longest: 3000)))
      <div class="field-row">\(page.field(Field("years_teaching", t("tutors.years"), .number, value: about.yearsTeaching, error: error("years_teaching", page), isRequired: false, range: 0...70)))
      \(page.field(Field("city", t("tutors.city"), value: about.city, hint: t("tutors.cityHint"), error: error("city", page), isRequired: false, longest: 80)))</div>
      <fieldset class="fieldset" id="modes"><legend class="label">\(t("tutors.where"))</legend><div class="choices">\(mode("online"))\(mode("in_person"))</div></fieldset>
      <fieldset class="fieldset" id="approval"><legend class="label">\(t("tutors.approval"))</legend><div class="choices cards">
      \(approval("instant", t("tutors.instant"), t("tutors.instantWords")))\(approval("request", t("tutors.request"), t("tutors.requestWords")))</div></fieldset>
      <div class="actions"><button class="button primary">\(t("tutors.saveAndGoOn"))</button></div></form>
      """
  }

  /// On the map or not: a form of its own, since most tutors never need it.
  private func placeForm(_ page: PageContext) -> HTML {
    let t = page.t
    guard let tutor else { return .none }
    guard tutor.modes.contains("in_person") else {
      return """
        <section class="card" id="place"><h2>\(t("tutors.place.title"))</h2><p class="muted">\(t("tutors.place.online"))</p></section>
        """
    }
    let now = tutor.place.map { t("tutors.place.now", place: $0.text) } ?? t("tutors.place.none")
    let value = typedPlace ?? tutor.place?.text ?? ""
    let remove: HTML? =
      tutor.place == nil
      ? nil
      : "<button class=\"button\" name=\"do\" value=\"remove\" formnovalidate>\(t("tutors.place.remove"))</button>"
    let world = page.asset("world.svg")
    return """
      <form class="form card" method="post" action="\(TutorPaths.place())" data-island="place" data-refused="\(t("tutors.here.refused"))" \
      data-unknown="\(t("tutors.here.unknown"))" data-asking="\(t("tutors.here.asking"))" data-square="\(t("tutors.place.square", place: "{place}"))">\(page.csrfField)
      <div><h2>\(t("tutors.place.title"))</h2><p>\(now)</p><p class="hint">\(t("tutors.place.words"))</p></div>
      \(page.field(Field("place", knowsTowns ? t("tutors.place.townOrDegrees") : t("tutors.place.degrees"), value: value, hint: t("tutors.place.hint"), error: error("place", page), longest: 80)))
      <div><button class="button" type="button" data-here hidden>\(page.icon("map-pin"))<span>\(t("tutors.place.here"))</span></button></div>
      <div class="place-map stack" data-map hidden><p class="label">\(t("tutors.place.map"))</p>
      <svg viewBox="-180 -90 360 180" aria-hidden="true" data-world><use href="\(world + "#world")"></use></svg>
      <div class="field-row"><label class="field"><span class="label">\(t("tutors.place.north"))</span><input type="range" min="-89.95" max="89.95" step="0.1" data-latitude></label>
      <label class="field"><span class="label">\(t("tutors.place.east"))</span><input type="range" min="-179.95" max="179.95" step="0.1" data-longitude></label></div>
      <div><button class="button small" type="button" data-zoom aria-pressed="false">\(page.icon("search"))<span>\(t("tutors.place.zoom"))</span></button></div></div>
      <p class="hint" role="status" data-said></p>
      <div class="actions"><button class="button primary">\(t("tutors.place.save"))</button>\(remove)</div></form>
      """
  }

  private func subjectForm(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = offers.map { offer in
      """
      <li class="list-row"><div class="list-main"><strong>\(offer.title)</strong><p class="muted small">\(offer.durations.map { page.durationText(minutes: $0) }.joined(separator: " · "))</p></div>\
      <div class="list-end cluster">\(page.price(Money(offer.hourlyRate, currency), perHour: true))\
      \(page.postButton(t("tutors.removeItem"), to: TutorPaths.subject(offer.subject), "small quiet", icon: "trash"))</div></li>
      """
    }
    let list: HTML =
      offers.isEmpty ? "<p class=\"muted\">\(t("tutors.noSubjects"))</p>" : "<ul class=\"list\">\(lines)</ul>"
    let options =
      [Field.Option("", t("tutors.chooseSubject"))]
      + subjects.map { subject in
        Field.Option(subject.id.description, subject.code.map { "\(subject.title) (\($0))" } ?? subject.title)
      }
    let durations: [HTML] = [30, 45, 60, 90, 120].map {
      "<label class=\"check\"><input type=\"checkbox\" name=\"durations\" value=\"\($0)\"\(flag: "checked", when: $0 == 60)><span>\(page.durationText(minutes: $0))</span></label>"
    }
    return """
      <section class="card"><h2>\(t("tutors.yourSubjects"))</h2>\(list)</section>
      <form class="form card" method="post" action="\(TutorPaths.subjects())" data-island="form">\(page.csrfField)<h2>\(t("tutors.addSubject"))</h2>
      \(page.field(Field("subject", t("tutors.subject"), .select(options), error: error("subject", page))))
      \(page.field(Field("rate", t("tutors.ratePerHour", currency: currency.code), hint: t("tutors.rateHint"), error: error("rate", page), isRequired: false, longest: 10)))
      <label class="check"><input type="checkbox" name="is_free" value="1"><span>\(t("tutors.forFree"))</span></label>
      <fieldset class="fieldset" id="durations"><legend class="label">\(t("tutors.durations"))</legend><div class="choices">\(durations)</div></fieldset>
      <div class="actions"><button class="button">\(page.icon("plus"))<span>\(t("tutors.add"))</span></button>\(onward(.languages, page))</div></form>
      """
  }

  private func languageForm(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = languages.map { line in
      """
      <li class="list-row"><div class="list-main"><strong>\(t.sentence("language.\(line.language)", [:]))</strong> \
      <span class="muted">\(t.sentence("tutors.fluency.\(line.fluency)", [:]))</span></div><div class="list-end">\
      \(page.postButton(t("tutors.removeItem"), to: TutorPaths.language(line.language), "small quiet", icon: "trash"))</div></li>
      """
    }
    let list: HTML =
      languages.isEmpty ? "<p class=\"muted\">\(t("tutors.noLanguages"))</p>" : "<ul class=\"list\">\(lines)</ul>"
    return """
      <section class="card"><h2>\(t("tutors.yourLanguages"))</h2>\(list)</section>
      <form class="form card" method="post" action="\(TutorPaths.languages())" data-island="form">\(page.csrfField)<h2>\(t("tutors.addLanguage"))</h2>
      <div class="field-row">\(page.field(Field("language", t("site.language"), .select(TutorLanguages.codes.map { .init($0, t.sentence("language.\($0)", [:])) }), value: "en", error: error("language", page))))
      \(page.field(Field("fluency", t("tutors.howWell"), .select(TutorLanguages.fluencies.map { .init($0, t.sentence("tutors.fluency.\($0)", [:])) }), error: error("fluency", page))))</div>
      <div class="actions"><button class="button">\(page.icon("plus"))<span>\(t("tutors.add"))</span></button>\(onward(.credentials, page))</div></form>
      """
  }

  private func credentialForm(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = credentials.map { line in
      """
      <li class="list-row">\(page.icon("award"))<div class="list-main">\(CredentialText(line: line).markup(page))</div>\
      <div class="list-end cluster">\(page.status(line.state))\(page.postButton(t("tutors.removeItem"), to: TutorPaths.credential(line.id), "small quiet", icon: "trash"))</div></li>
      """
    }
    let list: HTML =
      credentials.isEmpty ? "<p class=\"muted\">\(t("tutors.noCredentials"))</p>" : "<ul class=\"list\">\(lines)</ul>"
    let kinds = ["degree", "certificate", "gpa", "experience"].map {
      Field.Option($0, t.sentence("tutors.kind.\($0)", [:]))
    }
    return """
      <section class="card"><h2>\(t("tutors.credentials"))</h2>\(list)</section>
      <form class="form card" method="post" action="\(TutorPaths.credentials())" enctype="multipart/form-data" data-island="form">\(page.csrfField)<h2>\(t("tutors.addCredential"))</h2>
      <p class="hint">\(t("tutors.credentialHint"))</p>
      <div class="field-row">\(page.field(Field("kind", t("tutors.kind"), .select(kinds), error: error("kind", page))))
      \(page.field(Field("title", t("tutors.credentialTitle"), error: error("title", page), longest: 160)))</div>
      <div class="field-row">\(page.field(Field("issuer", t("tutors.issuer"), error: error("issuer", page), isRequired: false, longest: 160)))
      \(page.field(Field("year", t("tutors.year"), .number, error: error("year", page), isRequired: false, range: 1940...2100)))</div>
      <div class="field-row">\(page.field(Field("gpa", t("tutors.gpa"), hint: t("tutors.gpaHint"), error: error("gpa", page), isRequired: false, longest: 6)))
      \(page.field(Field("gpa_scale", t("tutors.gpaScale"), isRequired: false, longest: 6)))</div>
      <div class="field"><label class="label" for="evidence">\(t("tutors.evidence")) <span class="optional">\(t("site.optional"))</span></label><p class="hint">\(t("tutors.evidenceHint"))</p>
      <input class="input" type="file" id="evidence" name="evidence" accept="application/pdf,image/jpeg,image/png"></div>
      <div class="actions"><button class="button">\(page.icon("plus"))<span>\(t("tutors.add"))</span></button>\(onward(.samples, page))</div></form>
      """
  }

  private func sampleForm(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = samples.map { line in
      """
      <li class="list-row sample-row" id="\("sample-" + line.id.description)" tabindex="-1">\(page.icon(line.isFilm ? "video" : "music"))<div class="list-main"><strong>\(line.title)</strong>\
      \(line.isFilm ? captions(of: line, page) : transcript(of: line, page))</div>\
      <div class="list-end">\(page.postButton(t("tutors.removeItem"), to: TutorPaths.sample(line.id), "small quiet", icon: "trash"))</div></li>
      """
    }
    let list: HTML =
      samples.isEmpty ? "<p class=\"muted\">\(t("tutors.noSamples"))</p>" : "<ul class=\"list\">\(lines)</ul>"
    return """
      <section class="card"><h2>\(t("tutors.samples"))</h2>\(list)</section>
      <form class="form card" method="post" action="\(TutorPaths.samples())" enctype="multipart/form-data" data-island="form">\(page.csrfField)<h2>\(t("tutors.addSample"))</h2>
      \(page.field(Field("title", t("tutors.sampleTitle"), error: error("title", page), longest: 120)))
      <div class="field"><label class="label" for="sample">\(t("tutors.sampleFile"))</label><p class="hint">\(t("tutors.sampleHint"))</p>
      <input class="input" type="file" id="sample" name="sample" accept="audio/*,video/mp4,video/webm" required></div>
      <div class="actions"><button class="button">\(page.icon("upload"))<span>\(t("tutors.upload"))</span></button>\(onward(.finish, page))</div></form>
      """
  }

  /// The captions of a film: those that are there, and a form for more.
  private func captions(of line: SampleLine, _ page: PageContext) -> HTML {
    let t = page.t
    let missing: HTML? =
      line.captions.isEmpty
      ? "<p class=\"cluster\"><span class=\"badge warning\">\(t("tutors.noCaptions"))</span></p><p class=\"muted small\">\(t("tutors.noCaptionsWords"))</p>"
      : nil
    let there: [HTML] = line.captions.map {
      let language = t.sentence("language.\($0.language)", [:])
      return
        """
        <li><span>\(t("tutors.captionsIn", language: language))</span> <form class="inline" method="post" action="\(TutorPaths.sampleCaptionsRemoval(line.id, $0.language))">\(page.csrfField)\
        <button class="button small quiet">\(page.icon("trash"))<span class="visually-hidden">\(t("tutors.removeCaptions", language: language))</span></button></form></li>
        """
    }
    let list: HTML? = there.isEmpty ? nil : "<ul class=\"captions\">\(there)</ul>"
    // Several samples have these fields on one page.
    let mark = "-\(line.id)"
    let options: [HTML] = TutorLanguages.codes.map { code in
      let isOwn = code == t.language.rawValue
      return "<option value=\"\(code)\"\(flag: "selected", when: isOwn)>\(t.sentence("language.\(code)", [:]))</option>"
    }
    return """
      \(missing)\(list)\(refused(["captions", "captionsLanguage"], at: line, page))
      <details class="disclosure"\(flag: "open", when: refusals.contains { $0.sample == line.id })><summary>\(t("tutors.addCaptions"))<span class="visually-hidden">: \(line.title)</span></summary>
      <form class="form" method="post" action="\(TutorPaths.sampleCaptions(line.id))" enctype="multipart/form-data" data-island="form">\(page.csrfField)
      <div class="field"><label class="label" for="\("captions-language" + mark)">\(t("tutors.captionsLanguage"))</label><select class="input" id="\("captions-language" + mark)" name="language">\(options)</select></div>
      <div class="field"><label class="label" for="\("captions" + mark)">\(t("tutors.captionsFile"))</label><p class="hint" id="\("captions-hint" + mark)">\(t("tutors.captionsHint"))</p>
      <input class="input" type="file" id="\("captions" + mark)" name="captions" accept=".vtt,.srt,text/vtt" aria-describedby="\("captions-hint" + mark)" required></div>
      <div class="actions"><button class="button small">\(page.icon("upload"))<span>\(t("tutors.saveCaptions"))</span></button></div></form></details>
      """
  }

  /// What is said in a sample of sound.
  private func transcript(of line: SampleLine, _ page: PageContext) -> HTML {
    let t = page.t
    let isRefused = refusals.contains { $0.sample == line.id }
    let words = isRefused ? self.words ?? line.transcript : line.transcript
    let missing: HTML? =
      line.transcript == nil
      ? "<p class=\"cluster\"><span class=\"badge warning\">\(t("tutors.noTranscript"))</span></p><p class=\"muted small\">\(t("tutors.noTranscriptWords"))</p>"
      : nil
    let mark = "-\(line.id)"
    return """
      \(missing)\(refused(["transcript"], at: line, page))
      <details class="disclosure"\(flag: "open", when: isRefused)><summary>\(t("tutors.transcript"))<span class="visually-hidden">: \(line.title)</span></summary>
      <form class="form" method="post" action="\(TutorPaths.sampleTranscript(line.id))" data-island="form">\(page.csrfField)
      <div class="field"><label class="label" for="\("transcript" + mark)">\(t("tutors.transcriptOf", title: line.title))</label><p class="hint" id="\("transcript-hint" + mark)">\(t("tutors.transcriptHint"))</p>
      <textarea class="input" id="\("transcript" + mark)" name="transcript" rows="6" maxlength="20000" dir="auto" aria-describedby="\("transcript-hint" + mark)">\(words ?? "")</textarea></div>
      <div class="actions"><button class="button small">\(t("tutors.saveTranscript"))</button></div></form></details>
      """
  }

  /// What was wrong with what was sent for this sample, said beside it.
  private func refused(_ fields: [String], at line: SampleLine, _ page: PageContext) -> HTML? {
    guard let sentence = fields.lazy.compactMap({ error($0, of: line.id, page) }).first else { return nil }
    return "<p class=\"error\">\(page.icon("alert"))<span>\(sentence)</span></p>"
  }

  private func finish(_ page: PageContext) -> HTML {
    let t = page.t
    let missing: [HTML] = completion.missing.map { part in
      let tone = part.isNeeded ? "bad" : "busy"
      let need: HTML? = part.isNeeded ? " <span class=\"badge warning\">\(t("tutors.needed"))</span>" : nil
      return
        "<li class=\"\(tone)\">\(page.icon(part.isNeeded ? "alert" : "info"))<div><a href=\"\(address(of: part))\">\(t.sentence("tutors.part.\(part.rawValue)", [:]))</a>\(need)</div></li>"
    }
    let list: HTML? = missing.isEmpty ? nil : "<ul class=\"checks\">\(missing)</ul>"
    let verdict: HTML? =
      if let tutor, tutor.state == "rejected", let words = tutor.verdict {
        page.banner(.warning, t("tutors.sentBack"), HTML(words))
      } else { nil }
    let action: HTML
    switch tutor?.state {
    case "submitted": action = page.banner(.info, t("tutors.waiting"), HTML(t("tutors.waitingWords")))
    case "verified":
      action =
        page.banner(.success, t("tutors.listed"), HTML(t("tutors.listedWords")))
        + page.postButton(t("tutors.pause"), to: TutorPaths.pause(), "", icon: "pause", asking: t("tutors.pauseAsk"))
    case "paused":
      action =
        page.banner(.info, t("tutors.paused"))
        + page.postButton(
          t("tutors.resume"), to: TutorPaths.pause(), "primary", icon: "play", fields: [("resume", "1")])
    default:
      action =
        completion.isReady
        ? page.postButton(t("tutors.submit"), to: TutorPaths.submission(), "primary large", icon: "check")
        : HTML(t("tutors.notReady"))
    }
    return """
      <section class="card stack" id="submission">\(verdict)<h2>\(t("tutors.step.finish"))</h2>\(list)\(action)</section>
      """
  }

  private func address(of part: Completion.Part) -> String {
    func step(_ step: ProfileStep) -> String { Doors.tutorProfile() + "?step=" + step.rawValue }
    return switch part {
    case .headline, .biography, .experience: step(.about)
    case .subjects: step(.subjects)
    case .languages: step(.languages)
    case .credentials: step(.credentials)
    case .sample: step(.samples)
    case .photo: Doors.account()
    case .hours: Doors.availability()
    }
  }
}
