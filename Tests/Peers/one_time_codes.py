"""What pyotp makes of a secret: the codes of some steps, and what it reads from our address. One line of JSON."""

import json
import sys
import time

import pyotp

secret, address, *steps = sys.argv[1:]
clock = pyotp.TOTP(secret)
read = pyotp.parse_uri(address)
print(
    json.dumps(
        {
            "codes": [clock.at(int(step) * 30) for step in steps],
            "secret": read.secret,
            "issuer": read.issuer,
            "name": read.name,
            "digits": read.digits,
            "interval": read.interval,
        }
    ),
    flush=True,
)
time.sleep(60)
