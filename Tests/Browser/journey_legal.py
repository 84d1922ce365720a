"""What stands behind the box of the registration form: read by everybody, written by an administrator, kept for good."""

from harness import until


def test_an_administrator_writes_the_terms_and_people_agree_to_those(site):
    root = site.signed_in("admin@example.org")
    page = root.goto("/admin")
    root.sees("Not yet yours: Terms of use and Privacy policy")
    page.get_by_role("link", name="Write", exact=True).click()
    page.get_by_role("link", name="Write: Terms of use, English").click()
    root.sees("This is the standard text, for you to begin with.")
    root.is_sound()
    words = page.locator("textarea[name=text]")
    assert words.input_value().startswith("## What this is")
    # A second window of the same page, opened before anything is published.
    late = root.context.new_page()
    late.goto(site.url + "/admin/legal/terms/en")

    words.fill("# House rules\n\nBe **kind**. <b>Not bold</b>\n\n- one\n- two")
    root.press("Preview").sees("As readers would see it")
    assert page.locator("#preview h3").inner_text() == "House rules" and page.locator("#preview b").count() == 0
    assert words.input_value().startswith("# House rules"), "a preview gives the words back"
    root.is_sound()
    root.press("Publish").sees("Published. It is in force now.")

    # Somebody who comes now reads that, beside the form, and agrees to it.
    mia = site.person("mia")
    form = mia.goto("/register")
    mia.fill("Full name", "Mia Stone")
    with mia.context.expect_page() as opened:
        form.get_by_role("link", name="terms of use").click()
    opened.value.wait_for_load_state()
    assert opened.value.get_by_role("heading", level=2).first.inner_text() == "House rules"
    opened.value.close()
    assert form.locator("#full_name").input_value() == "Mia Stone"
    assert not form.get_by_label("I accept the terms").is_checked(), "to read is not to agree"

    # The second window has not seen what was published: its words come back with a sentence, and may then follow.
    late.locator("textarea[name=text]").fill("Other rules.")
    late.get_by_role("button", name="Publish").click()
    until(lambda: late.get_by_text("Somebody else published a version").count(), "to be told")
    assert late.locator("textarea[name=text]").input_value() == "Other rules."
    late.get_by_role("button", name="Publish").click()
    until(lambda: late.get_by_text("Published. It is in force now.").count(), "the second version")
    assert site.value("select count(*) from legal_versions") == 2

    # Mia's form is older than that: she is asked to look again, and loses nothing but the tick.
    mia.fill("E-mail address", "mia@example.org")
    form.locator("input[name=username]").fill("mia")
    form.locator("input[name=password]").fill("river-7-lantern")
    form.get_by_label("I accept the terms").check()
    mia.press("Create account").sees("The terms were changed while you were writing.")
    mia.is_sound()
    form.locator("input[name=password]").fill("river-7-lantern")
    form.get_by_label("I accept the terms").check()
    mia.press("Create account").sees("Look into your mail")
    mia.open(site.mail.wait("mia@example.org", "Confirm your e-mail address").link("/verify"))
    mia.press("Yes, it is mine")
    form.wait_for_url(lambda url: "/verify" not in url)
    mia.goto("/account")
    mia.sees("What you agreed to")
    mia.is_sound()
    form.locator("main").get_by_role("link", name="Terms of use").click()
    mia.sees("Other rules.").sees("Version 2.")


def test_everybody_reads_them_without_scripts_and_from_right_to_left(site):
    for options in ({"script": False}, {"language": "ar"}, {"language": "ur", "phone": True}):
        guest = site.person("guest-" + "-".join(map(str, options.values())), **options)
        guest.goto("/")
        for path in ("/terms", "/privacy"):
            guest.page.locator(f"footer a[href='{path}']").click()
            guest.page.wait_for_url("**" + path)
            guest.is_sound()
