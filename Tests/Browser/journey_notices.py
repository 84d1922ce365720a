"""What people are told, how, and when not: notes on a device, one page of choices, and letters that end with one click."""

import json
import re
import subprocess
import urllib.error
import urllib.request

from harness import BINARY, ROOT, environment, until
from journey_access import says, tab_to
from Peers.push_service import PushService
from ways import book_and_pay

PAGE = "/account/notifications"

# The browser's own push service is out of reach here: subscriptions come from the double, which has the keys. All else, from
# the permission to the worker's note, is the browser's.
SUBSCRIBES = """(() => {
  if (!window.PushManager) return;
  const buffer = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0)).buffer;
  const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
  const made = (told) => ({
    endpoint: told.endpoint, options: { applicationServerKey: buffer(told.key) }, getKey: (name) => buffer(told[name]),
    unsubscribe: async () => { localStorage.removeItem('given'); return true; },
  });
  PushManager.prototype.getSubscription = async () => {
    const told = localStorage.getItem('given');
    return told ? made(JSON.parse(told)) : null;
  };
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly) throw new TypeError('silent');
    const key = text(options.applicationServerKey);
    const told = { ...(await window.browserOf(key)), key };
    localStorage.setItem('given', JSON.stringify(told));
    return made(told);
  };
})()"""

NOTES = "() => navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.map((n) => ({ title: n.title, body: n.body, tag: n.tag, dir: n.dir, lang: n.lang, data: n.data })))"


def with_push(site, service, address="learner@example.org", permission=True, **options):
    person = site.signed_in(address, service_workers="allow", **options)
    person.context.expose_function("browserOf", service.browser)
    person.context.add_init_script(SUBSCRIBES)
    if permission:
        person.context.grant_permissions(["notifications"], origin=site.url)
    return person


def worker_of(person):
    """What CDP calls the registration, for pushing to it as the browser does."""
    session = person.context.new_cdp_session(person.page)
    seen = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: seen.extend(
        one for one in told["registrations"] if one["scopeURL"].startswith(person.site.url) and not one["isDeleted"]))
    session.send("ServiceWorker.enable")
    until(lambda: person.page.evaluate("() => navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')"), "the worker")
    until(lambda: seen or person.page.wait_for_timeout(50), "the registration")
    return session, seen[-1]["registrationId"]


def deliver(person, text):
    """Pushes it, and returns once the worker has shown it: who asks Chromium for its notes while one is being shown makes it
    forget that one."""
    session, registration = worker_of(person)
    worker = until(lambda: person.context.service_workers or person.page.wait_for_timeout(50), "the worker")[0]
    before = worker.evaluate("""() => {
        if (self.shown === undefined) {
          const show = self.registration.showNotification.bind(self.registration)
          self.shown = 0
          self.registration.showNotification = async (...note) => { await show(...note); self.shown += 1 }
        }
        return self.shown }""")
    session.send("ServiceWorker.deliverPushMessage", {"origin": person.site.url, "registrationId": registration, "data": text})
    until(lambda: worker.evaluate("() => self.shown") > before, "the worker to show it")
    session.detach()


def test_a_device_is_turned_on_told_once_and_turned_off(sites):
    with PushService() as service:
        site = sites(PUSH_PEER=service.origin)
        lena = with_push(site, service)
        page = lena.goto(PAGE)
        lena.is_sound()
        assert site.value("select count(*) from push_subscriptions") == 0, "nothing is asked before somebody presses"
        lena.press("Turn on for this device").sees("This device is told from now on.")
        assert site.value("select count(*) from push_subscriptions") == 1
        row = page.locator("[data-device]")
        assert re.search("Chrome on Linux", row.inner_text()) and row.get_by_text("This device").is_visible()
        assert page.locator("[data-push-on]").is_hidden()
        lena.is_sound()

        lena.press("Send me a test notice").sees("A test notice is on its way.")
        (taken,) = service.wait(1)
        note = json.loads(taken["text"])
        assert note["body"] == "This is the test notice you asked for." and taken["ttl"] > 0
        deliver(lena, taken["text"])
        (shown,) = until(lambda: page.evaluate(NOTES), "the note on the device")
        assert (shown["title"], shown["body"], shown["tag"]) == (note["title"], note["body"], note["id"])
        # The same once more takes its own place.
        deliver(lena, taken["text"])
        deliver(lena, taken["text"].replace(note["id"], note["id"][:-1] + "x"))
        until(lambda: len(page.evaluate(NOTES)) == 2, "the second note, and no third")
        # What cannot be read is shown as something: a browser would take the right away.
        deliver(lena, "no JSON")
        until(lambda: "TutaLink" in [one["title"] for one in page.evaluate(NOTES)], "the note without words")

        # Pressed, it leads into the tab that is open.
        lena.goto("/dashboard")
        count = len(lena.context.pages)
        worker = until(lambda: lena.context.service_workers, "the worker")[0]
        worker.evaluate("""(link) => self.registration.getNotifications().then((all) => {
            const note = all.find((one) => one.data.link === link);
            try { self.dispatchEvent(new NotificationEvent('notificationclick', { notification: note })) } catch {} })""", note["link"])
        page.wait_for_url(lambda url: url.endswith(PAGE), timeout=15_000)
        assert len(lena.context.pages) == count
        assert site.value("select read_at is not null from notifications where kind = 'notices.trial'")

        # The vendor gives the browser another address: the worker tells the house, and no page need be open.
        fresh = service.browser(page.locator("#devices").get_attribute("data-key"))
        worker.evaluate("""(told) => {
            self.PushManager.prototype.subscribe = async () => ({ endpoint: told.endpoint, toJSON: () => ({ keys: told }) })
            try { self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange')) } catch {} }""", fresh)
        until(lambda: site.sql("select 1 from push_subscriptions where endpoint = %s", fresh["endpoint"]), "the new address")
        site.sql("delete from push_subscriptions where endpoint = %s", fresh["endpoint"])

        lena.press("Turn off: Chrome on Linux").sees("That device is told no more.")
        assert site.value("select count(*) from push_subscriptions") == 0
        assert page.evaluate("() => localStorage.getItem('given')") is None, "the browser forgets it too"
        lena.sees("Turn on for this device")


def test_a_lesson_is_told_to_the_phone_in_arabic_and_signing_out_ends_it(sites):
    with PushService() as service:
        site = sites(PUSH_PEER=service.origin)
        site.sql("update users set language = 'ar' where email = 'learner@example.org'")
        lena = with_push(site, service, phone=True)
        page = lena.goto(PAGE)
        assert page.locator("html").get_attribute("dir") == "rtl"
        page.locator("[data-push-on] button").click()
        page.locator("[data-device]").wait_for()
        assert site.value("select count(*) from push_subscriptions") == 1
        lena.is_sound()
        deliver(lena, json.dumps({"id": "1", "title": "الحجوزات", "body": "تأكّد الدرس", "link": "/bookings", "lang": "ar", "dir": "rtl"}))
        (shown,) = until(lambda: page.evaluate(NOTES), "the note")
        assert (shown["dir"], shown["lang"]) == ("rtl", "ar")
        lena.goto("/dashboard")
        page.locator(".menu-button").click()
        page.locator(".menu-panel form button").click()
        page.wait_for_url(lambda url: "dashboard" not in url)
        assert page.evaluate("() => localStorage.getItem('given')") is None
        site.sql("""insert into notifications (id, user_id, kind, topic, params) select gen_random_uuid(), id, 'notices.trial', null, '{}' from users where email = 'learner@example.org'""")
        site.sql("""insert into jobs (id, name, payload) select gen_random_uuid(), 'notices.push', json_build_object('notice', id) from notifications where kind = 'notices.trial'""")
        site.sql("notify jobs")
        until(lambda: site.value("select count(*) from jobs where name = 'notices.push' and finished_at is not null") == 1, "the job")
        assert service.taken == [] and service.asked == []


def test_the_pair_of_keys_is_changed_while_people_are_told(sites):
    def keys(*words):
        settings = {name: site.settings[name] for name in ("DATABASE_URL", "TUTALINK_HOME")}
        done = subprocess.run([BINARY, "keys", *words], cwd=ROOT, env=environment(**settings), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def card():
        return lena.goto(PAGE).locator("#devices").get_attribute("data-key")

    def tell(count):
        lena.press("Send me a test notice").sees("A test notice is on its way.")
        service.wait(count)

    with PushService() as service:
        site = sites(PUSH_PEER=service.origin)
        lena = with_push(site, service)
        first = card()
        lena.press("Turn on for this device").sees("This device is told from now on.")
        tell(1)
        # The column is sealed anew like the others, and opens with the new key.
        keys("new")
        assert "Every text is sealed with k2" in keys("rotate")
        keys("retire", "k1")
        tell(2)
        # A new pair: the browser stays with the one it knows, whose messages its vendor takes.
        assert "new pair" in keys("push")
        second = card()
        assert second != first
        tell(3)
        assert service.asked == [201, 201, 201]
        # One that became known: everybody turns it on again, under the newest.
        assert "1 browsers were forgotten" in keys("push", "--all")
        third = card()
        assert third not in (first, second)
        lena.sees("Turn on for this device")
        lena.press("Turn on for this device").sees("This device is told from now on.")
        tell(4)
        assert service.asked == [201] * 4
        assert site.value("select count(*) from push_keys") == 1


def test_each_no_is_said_plainly_and_everything_else_works(site):
    lena = site.signed_in("learner@example.org")
    page = lena.goto(PAGE)
    # A headless browser has been told never to ask.
    assert page.evaluate("() => Notification.permission") == "denied"
    lena.sees("Your browser has been told not to show notes of this site.")
    assert page.locator("[data-push-on]").is_hidden()
    lena.is_sound()

    old = site.signed_in("learner@example.org", name="old")
    old.context.add_init_script("delete window.PushManager")
    old.goto(PAGE)
    old.sees("This browser cannot show notes of a site that is closed.")

    apple = site.signed_in(
        "learner@example.org", name="apple", phone=True,
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")
    apple.context.add_init_script("delete window.PushManager; delete window.Notification")
    apple.goto(PAGE)
    apple.sees("put the site on the Home Screen first")
    apple.is_accessible().fits(320)

    guest = site.person("nobody")
    guest.goto(PAGE)
    assert "/sign-in?next=" in guest.page.url


def test_a_push_service_out_of_reach_is_no_fault_of_the_page(site):
    lena = site.signed_in("learner@example.org", service_workers="allow")
    lena.context.grant_permissions(["notifications"], origin=site.url)
    lena.context.add_init_script("PushManager.prototype.subscribe = () => Promise.reject(new DOMException('Registration failed', 'AbortError'))")
    page = lena.goto(PAGE)
    lena.press("Turn on for this device").sees("The browser could not reach the service")
    assert page.get_by_role("button", name="Turn on for this device").is_enabled()


def test_choices_are_made_by_keyboard_and_without_a_script(site):
    lena = site.signed_in("learner@example.org")
    page, keys = lena.goto(PAGE), lena.page.keyboard
    tab_to(lena, lambda focus: focus["name"] == "mail.reviews", "letters about reviews")
    keys.press("Space")
    tab_to(lena, lambda focus: focus["name"] == "quiet_from", "the beginning of the quiet hours")
    keys.type("10 PM")
    keys.press("Tab")
    keys.type("7 AM")
    tab_to(lena, says("^Save$", "BUTTON"), "the button")
    keys.press("Enter")
    lena.sees("Your choice is saved.")
    assert site.sql("select topic, channel from muted_notices") == [("reviews", "mail")]
    assert site.sql("select from_hour, to_hour from quiet_hours") == [(22, 7)]
    lena.is_sound()

    plain = site.signed_in("learner@example.org", name="plain", script=False)
    plain.goto(PAGE)
    plain.sees("Turning a device on needs JavaScript")
    assert not plain.page.locator("[name='mail.reviews']").is_checked()
    plain.page.locator("[name='mail.reviews']").check()
    plain.page.locator("[name='push.searches']").uncheck()
    plain.page.locator("#quiet_to").select_option("22")
    plain.press("Save").sees("Quiet hours must end at another hour")
    plain.page.locator("#quiet_from").select_option("")
    plain.page.locator("#quiet_to").select_option("")
    # What was chosen stands in the form still.
    assert plain.page.locator("[name='mail.reviews']").is_checked()
    assert not plain.page.locator("[name='push.searches']").is_checked()
    plain.press("Save").sees("Your choice is saved.")
    assert site.sql("select topic, channel from muted_notices") == [("searches", "push")]
    assert site.sql("select count(*) from quiet_hours") == [(0,)]


def test_letters_end_with_one_click_of_the_mail_program_and_begin_again(site):
    lena = site.signed_in("learner@example.org")
    book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    letter = site.mail.wait("learner@example.org", "Confirmed")
    address = letter.link("/unsubscribe/")
    assert letter.message["List-Unsubscribe"] == f"<{address}>"
    assert letter.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    receipt = site.mail.wait("learner@example.org", "receipt")
    assert receipt.message["List-Unsubscribe"] is None and "/unsubscribe/" not in receipt.text

    # A scanner looks, and nothing ends.
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.status == 200
    assert site.sql("select count(*) from muted_notices") == [(0,)]
    # What a mail program sends (RFC 8058, 3.2): no cookie, no referrer, no redirect followed.
    asked = urllib.request.Request(address, data=b"List-Unsubscribe=One-Click")
    with urllib.request.build_opener(urllib.request.HTTPRedirectHandler).open(asked, timeout=10) as answer:
        assert answer.status == 200 and answer.url == address
    assert site.sql("select topic, channel from muted_notices") == [("bookings", "mail")]

    guest = site.person("reader", phone=True)
    guest.goto(address.removeprefix(site.url))
    guest.is_sound()
    guest.press("Stop the letters").sees("The letters have stopped")
    guest.is_accessible().fits(320)
    guest.press("Send them again").sees("The letters come again")
    assert site.sql("select count(*) from muted_notices") == [(0,)]
    lena.goto(PAGE)
    assert lena.page.locator("[name='mail.bookings']").is_checked()
    try:
        urllib.request.urlopen(site.url + "/unsubscribe/forged", timeout=10)
        raise AssertionError("a forged address opened")
    except urllib.error.HTTPError as fault:
        assert fault.code == 404
