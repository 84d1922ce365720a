"""Public forms keep machines out without asking people anything."""

from harness import until


def fill(person, name):
    person.page.locator('input[name="role"][value="learner"]').press("Space")
    person.page.locator('input[name="full_name"]').fill(name.title())
    person.page.locator('input[name="email"]').fill(f"{name}@example.net")
    person.page.locator('input[name="username"]').fill(name)
    person.page.locator('input[name="password"]').fill("A long way to the lighthouse 9")
    # By keyboard: what is pressed by coordinates may be under something that has just moved.
    person.page.locator('input[name="accept_terms"]').press("Space")


def test_a_browser_works_for_its_person_and_a_form_without_work_is_counted(sites):
    site = sites(CAPTCHA="work", CAPTCHA_BITS=10)
    mina = site.person("minarva")
    mina.goto("/register")
    mina.is_sound()
    # The work begins when the form is first used, and is done unseen.
    fill(mina, "minarva")
    until(lambda: mina.page.locator('input[name="captcha"]').input_value(), "the work to be done")
    mina.page.locator("form.card button.primary").click()
    site.mail.wait("minarva@example.net")

    # Sent before it is done, the form waits and goes by itself.
    omar = site.person("omarius")
    omar.goto("/register")
    fill(omar, "omarius")
    omar.page.locator('input[name="captcha"]').evaluate("field => field.value = ''")
    omar.page.locator("form.card button.primary").click()
    site.mail.wait("omarius@example.net")

    # Without JavaScript three an hour are taken from one address, and then a sentence says why not.
    for number in range(4):
        plain = site.person(f"plain{number}", script=False)
        plain.goto("/register")
        fill(plain, f"plain{number}")
        plain.page.locator("form.card button.primary").click()
        if number < 3:
            site.mail.wait(f"plain{number}@example.net")
        else:
            plain.sees("Too many forms came from your network without a check.")
