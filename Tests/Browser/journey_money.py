"""Money that does not go straight: declined, questioned, unannounced, given back, moved to another day."""

import re

from harness import until
from ways import (
    AUTHENTICATED, DECLINED, GOOD, NEVER, ahead, arrive, becomes, book_and_pay, cents, choose, hold, pay_with, slots, state, to_gateway,
)


def test_a_declined_card_may_be_followed_by_a_good_one(site):
    lena = site.signed_in("learner@example.org")
    booking = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    lena.is_sound()
    pay_with(lena, DECLINED)
    arrive(lena, rf"/checkout/{booking}")
    lena.sees("declined").is_sound()
    assert state(site, booking) in ("held", "awaiting_payment"), "the time is lost with the first card"
    lena.page.get_by_role("button", name=re.compile("^Pay ")).click()
    arrive(lena, "/simulated-gateway/[^/]+")
    pay_with(lena, GOOD)
    arrive(lena, rf"/bookings/{booking}")
    becomes(site, booking, "confirmed")
    assert site.value("select count(*) from payments where booking_id = %s and receipt_number is not null", booking) == 1
    balanced(site)


def test_a_bank_that_asks_may_say_no_and_yes(site):
    lena = site.signed_in("learner@example.org")
    booking = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    pay_with(lena, AUTHENTICATED)
    arrive(lena, "/simulated-gateway/[^/]+/authentication")
    lena.is_sound()
    lena.page.locator("main form:not(:has(input[name=allow])) button").last.click()
    arrive(lena, rf"/checkout/{booking}")
    assert state(site, booking) != "confirmed"
    lena.page.get_by_role("button", name=re.compile("^Pay ")).click()
    arrive(lena, "/simulated-gateway/[^/]+")
    pay_with(lena, AUTHENTICATED)
    arrive(lena, "/simulated-gateway/[^/]+/authentication")
    lena.page.locator("main form:has(input[name=allow]) button").click()
    arrive(lena, rf"/bookings/{booking}")
    becomes(site, booking, "confirmed")
    balanced(site)


def test_a_gateway_that_never_tells_is_asked(site):
    lena = site.signed_in("learner@example.org")
    booking = book_and_pay(lena, "amal", subject="calculus-1", minutes=60, card=NEVER)
    lena.sees("Confirmed")
    assert state(site, booking) == "confirmed"
    assert site.value("select count(*) from payments where booking_id = %s and receipt_number is not null", booking) == 1
    balanced(site)


def test_cancelling_gives_back_what_it_said_and_the_receipt_shows_it(site):
    lena = site.signed_in("learner@example.org")
    booking = book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    becomes(site, booking, "confirmed")
    # Booked two days ago, and two hours off: late, so half comes back.
    site.sql(
        """update bookings set created_at = now() - interval '2 days',
             (starts_at, ends_at, blocked) = (select s, s + interval '1 hour', tstzrange(s, s + interval '1 hour')
                                                from (select now() + interval '2 hours' s) moved) where id = %s""", booking)
    lena.goto(f"/bookings/{booking}")
    lena.press("Cancel the lesson")
    arrive(lena, rf"/bookings/{booking}/cancellation")
    lena.is_sound()
    promised = cents(lena.page.locator(".order-lines .total dd").inner_text())
    assert promised == 1600, f"half of $32.00 was expected, {promised} cents are promised"
    lena.fill("Reason", "I have a fever.")
    lena.page.get_by_role("button", name="Cancel the lesson").click()
    arrive(lena, rf"/bookings/{booking}")
    lena.sees("The lesson is cancelled")
    payment = site.value("select id from payments where booking_id = %s and receipt_number is not null", booking)
    lena.goto(f"/payments/{payment}/receipt")
    assert cents(lena.page.locator(".order-lines .minus dd").inner_text()) == promised
    lena.is_sound()
    until(lambda: site.value("select state from refunds where payment_id = %s", payment) == "succeeded", "the money to be sent back")
    site.mail.wait("tutor@example.org", "cancel")
    balanced(site)


def test_a_lesson_moves_to_another_day_at_its_price(site):
    lena = site.signed_in("learner@example.org")
    booking = book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    becomes(site, booking, "confirmed")
    before = site.value("select starts_at from bookings where id = %s", booking)
    lena.press("Move to another time")
    arrive(lena, rf"/bookings/{booking}/time")
    lena.is_sound()
    wanted = ahead([one for one in slots(lena) if one != before], 60)
    choose(lena, wanted)
    lena.press("Move the lesson")
    arrive(lena, rf"/bookings/{booking}")
    lena.sees("The lesson has its new time.")
    after = site.sql("select starts_at, state, sequence from bookings where id = %s", booking)[0]
    assert after[0] == wanted and after[1] == "confirmed" and after[2] >= 1
    letters = [one for one in site.mail.letters if "learner@example.org" in one.to and one.invitation]
    site.mail.wait("learner@example.org", "", after=len(letters))
    newest = [one.invitation for one in site.mail.letters if "learner@example.org" in one.to and one.invitation][-1]
    assert f"DTSTART:{wanted:%Y%m%dT%H%M%SZ}" in newest or wanted.strftime("%Y%m%dT") in newest, newest
    balanced(site)


def balanced(site):
    """No entry of the books is one-sided."""
    admin = site.signed_in("admin@example.org")
    admin.goto("/admin")
    admin.sees("The books hold")
