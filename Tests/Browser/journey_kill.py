"""The server dies between the payment and its confirmation. Nothing is lost, and nothing happens twice."""

import re

from harness import until
from ways import SLOW, arrive, becomes, hold, path_of, pay_with, state, to_gateway


def test_a_server_killed_after_the_payment_confirms_it_once(site):
    lena = site.signed_in("learner@example.org")
    lena.allow("ERR_CONNECTION_REFUSED|WebSocket")
    booking = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    pay_with(lena, SLOW)
    lena.sees("Confirming your payment")
    assert re.fullmatch(rf"/checkout/{booking}/return", path_of(lena))
    site.kill()
    assert state(site, booking) in ("held", "awaiting_payment"), "the booking was confirmed before the server died"
    assert site.value("select state from simulated_charges order by created_at desc limit 1") == "succeeded"
    site.start()

    lena.goto(f"/checkout/{booking}/return")
    arrive(lena, rf"/bookings/{booking}", seconds=40)
    becomes(site, booking, "confirmed", seconds=40)
    # The gateway's own word comes late, when all is said; it changes nothing.
    site.sql("update jobs set run_at = now() where name = 'checkout.deliver-simulated'")
    until(lambda: site.value("select bool_and(finished_at is not null) from jobs where name = 'checkout.deliver-simulated'"), "its word")
    lena.goto(f"/bookings/{booking}")
    lena.sees("Confirmed")
    assert site.value("select count(*) from payments where booking_id = %s and state = 'succeeded'", booking) == 1
    assert site.value("select count(distinct receipt_number) from payments where booking_id = %s", booking) == 1
    assert site.value("select count(*) from booking_events where booking_id = %s and to_state = 'confirmed'", booking) == 1
    admin = site.signed_in("admin@example.org")
    admin.goto("/admin")
    admin.sees("The books hold")
