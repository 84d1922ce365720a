"""What keeps accounts and administration their owners': second proofs, maintenance, keys changed while people sign in."""

import re
import subprocess

import pyotp
from harness import BINARY, ROOT, environment, now, until

from journey_access import says, tab_to
from ways import arrive

LENA = "learner@example.org"
ROSA = "admin@example.org"


def command(site, *words, status=0, typed=None):
    """Runs `tutalink …` beside the server, on its database and home; gives what it printed."""
    done = subprocess.run(
        [BINARY, *words], cwd=ROOT, env=environment(**site.settings), capture_output=True, text=True, timeout=60, input=typed)
    assert done.returncode == status, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Phone:
    """An authenticator application: never shows the code that was used before."""

    def __init__(self, secret):
        self.clock = pyotp.TOTP(secret.replace(" ", ""))
        self.last = None

    def code(self):
        code = until(lambda: (code := self.clock.at(now())) != self.last and code, "the next code", seconds=40)
        self.last = code
        return code


def secret_on(person):
    return person.page.locator("code.secret").first.inner_text()


def test_a_second_proof_is_set_and_used_by_keyboard_alone(site):
    lena = site.signed_in(LENA)
    keys = lena.page.keyboard
    lena.goto("/account")
    tab_to(lena, says("Open security", "A"), "the security page")
    keys.press("Enter")
    arrive(lena, "/account/security")
    lena.is_sound()
    tab_to(lena, lambda focus: focus["id"] == "factor_password", "the password")
    keys.type("wrong password 1")
    keys.press("Enter")
    lena.sees("This is not your current password.").is_accessible()
    tab_to(lena, lambda focus: focus["id"] == "factor_password", "the password again")
    keys.type(site.cast_password)
    keys.press("Enter")
    arrive(lena, "/account/security/second-factor")
    lena.is_sound()
    phone = Phone(secret_on(lena))
    tab_to(lena, lambda focus: focus["name"] == "code", "the code")
    keys.type(phone.code())
    keys.press("Enter")
    lena.sees("Codes for paper").is_accessible()
    assert lena.page.locator("code.secret").count() == 10
    lena.fits(320)
    site.mail.wait(LENA, "A second proof was set")

    again = site.person("again")
    again.goto("/sign-in?next=/wallet")
    tab_to(again, lambda focus: focus["name"] == "login", "the login")
    again.page.keyboard.type(LENA)
    again.page.keyboard.press("Tab")
    again.page.keyboard.type(site.cast_password)
    again.page.keyboard.press("Enter")
    arrive(again, "/sign-in/code")
    again.is_sound()
    tab_to(again, lambda focus: focus["name"] == "code", "the code")
    again.page.keyboard.type(phone.code())
    again.page.keyboard.press("Enter")
    arrive(again, "/wallet")


def test_a_second_proof_and_a_code_from_paper_without_script(site):
    lena = site.signed_in(LENA, script=False)
    lena.goto("/account/security")
    lena.page.locator("#factor_password").fill(site.cast_password)
    lena.press("Turn it on")
    arrive(lena, "/account/security/second-factor")
    lena.is_sound()
    lena.page.locator("#code").fill(Phone(secret_on(lena)).code())
    lena.press("Turn it on").sees("Codes for paper")
    paper = lena.page.locator("code.secret").all_inner_texts()

    again = site.signed_in(LENA, script=False, name="again")
    arrive(again, "/sign-in/code")
    again.page.locator("#code").fill(paper[0].lower())
    again.page.locator("form.card button").click()
    arrive(again, "/account/security")
    again.sees("It is used up").is_sound()
    again.page.locator("li.list-row").filter(has_text="Sign out").first.get_by_role("button").click()
    again.sees("Signed out there.")
    # Sent nowhere by the sign-out elsewhere: the next page asks lena who she is.
    lena.goto("/wallet")
    arrive(lena, "/sign-in")
    site.mail.wait(LENA, "A code from paper was used")


def test_administrators_prove_themselves_twice_and_read_who_did_what(sites):
    site = sites(ADMIN_SECOND_FACTOR="1")
    rosa = site.signed_in(ROSA)
    rosa.goto("/admin")
    arrive(rosa, "/account/security")
    rosa.sees("need a second proof").is_sound()
    rosa.page.locator("#factor_password").fill(site.cast_password)
    rosa.press("Turn it on")
    arrive(rosa, "/account/security/second-factor")
    rosa.page.locator("#code").fill(Phone(secret_on(rosa)).code())
    rosa.press("Turn it on").sees("Codes for paper")
    rosa.goto("/admin/audit").get_by_text("Second proof set").nth(1).wait_for()
    rosa.is_sound()
    command(site, "admin", "suspend", "lena")
    rosa.goto("/admin/audit?act=account.suspended&person=lena")
    rosa.page.locator("td", has_text="A command on the machine").wait_for()
    rosa.is_sound()
    assert "holds: 2 links" in command(site, "audit", "verify")
    site.sql("alter table audit_entries disable trigger user")
    site.sql("update audit_entries set subject_id = actor_id::text where act = 'second-factor.added'")
    site.sql("update audit_entries set details = '{\"by\": \"nobody\"}' where act = 'account.suspended'")
    said = command(site, "audit", "verify", status=1)
    assert "does not say what it said when it was linked" in said and "at link 2" in said, said
    rosa.goto("/admin/audit").get_by_text("chain is broken").wait_for()
    rosa.is_accessible()


def test_while_the_site_rests_people_read_why_on_every_node(site):
    lena, rosa = site.signed_in(LENA), site.signed_in(ROSA)
    lena.allow("503|WebSocket")
    rosa.allow("WebSocket")
    command(site, "admin", "maintenance", "on", "We move to a larger house. Back at noon.", "30")
    until(lambda: lena.page.goto("/").status == 503, "the node to hear of it")
    lena.sees("We move to a larger house. Back at noon.").is_accessible()
    answer = lena.context.request.get("/api/tutors/")
    assert answer.status == 503 and answer.headers["retry-after"] == "1800", answer.headers
    assert answer.json()["code"] == "maintenance"
    assert lena.context.request.get("/healthz").status == 200
    rosa.goto("/admin")
    rosa.goto("/tutors")
    # A node that starts meanwhile knows it from the first request on.
    site.restart()
    assert lena.page.goto("/").status == 503
    assert "Back at noon" in command(site, "admin", "maintenance", "status")
    command(site, "admin", "maintenance", "off")
    until(lambda: lena.page.goto("/").status == 200, "the node to hear that it is over")


def test_keys_change_while_people_sign_in(site):
    lena = site.signed_in(LENA)
    lena.goto("/account/security")
    lena.page.locator("#factor_password").fill(site.cast_password)
    lena.press("Turn it on")
    phone = Phone(secret_on(lena))
    lena.page.locator("#code").fill(phone.code())
    lena.press("Turn it on").sees("Codes for paper")
    assert site.value("select secret from second_factors").startswith("k1.")

    assert "k2 is made" in command(site, "keys", "new")
    refused = command(site, "keys", "retire", "k1", status=70)
    assert "is the key that seals" in refused, refused
    said = command(site, "keys", "rotate")
    assert "Every text is sealed with k2" in said, said
    assert site.value("select secret from second_factors").startswith("k2.")
    command(site, "keys", "retire", "k1")

    # The server was not asked to start again: it has heard of the new key.
    again = site.signed_in(LENA, name="again")
    arrive(again, "/sign-in/code")
    again.page.locator("#code").fill(phone.code())
    again.page.locator("form.card button").click()
    arrive(again, "/dashboard")
    # What is sealed now is sealed with the new key.
    rosa = site.signed_in(ROSA)
    rosa.goto("/account/security")
    rosa.page.locator("#factor_password").fill(site.cast_password)
    rosa.press("Turn it on")
    arrive(rosa, "/account/security/second-factor")
    assert {secret.split(".")[0] for (secret,) in site.sql("select secret from second_factors")} == {"k2"}
    # Keys are nowhere in the log.
    ring = (site.home / "keys").read_text()
    assert re.search(r"k2:([\w-]+)", ring)[1] not in site.log()
