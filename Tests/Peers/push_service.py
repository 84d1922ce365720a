"""A browsers' push service: takes what is pushed as the vendors' do, and reads it as the browser would.

It is strict where they are (RFC 8030, 8188, 8291, 8292): who sends is proved by a token for this very origin, signed by the
key that the browser subscribed with, and good for a day at most; a time to live is asked for; 4,096 bytes are the most. Two
judges that are not ours decide: `cryptography` about the signature, `http-ece` about the encryption.

Alone it prints one JSON line with its port. POST /browsers?key=K makes a browser and tells its endpoint and keys; POST
/moods/ID?mood=M gives it a mood: `gone` and `missing` (410, 404), `busy` (429 with Retry-After: 90), `hurried` (429 without),
`broken` (503), `small` (413), `strange` (403), or none. GET /taken lists what was taken, in order, GET /asked every answer.
"""
import base64
import json
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def url64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


MOODS = {"gone": 410, "missing": 404, "busy": 429, "hurried": 429, "broken": 503, "small": 413, "strange": 403}


class Refusal(Exception):
    def __init__(self, status, words):
        self.status, self.words = status, words


class Browser:
    def __init__(self, key):
        self.key = key
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.secret = uuid.uuid4().bytes
        self.mood = ""


class PushService:
    """`with PushService() as service:` in a journey; `serve()` from the command line."""

    def __init__(self):
        self.lock = threading.Lock()
        self.browsers, self.taken, self.asked = {}, [], []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query))
                _, kind, *rest = parts.path.split("/")
                if kind == "browsers":
                    return self.answer(200, owner.browser(query.get("key", "")))
                if kind == "moods":
                    owner.browsers[rest[0]].mood = query.get("mood", "")
                    return self.answer(200, {})
                headers = {}
                try:
                    headers["Location"] = owner.take(rest[0], self.headers, body)
                    status, words = 201, ""
                except Refusal as refusal:
                    status, words = refusal.status, refusal.words
                    if words == "busy":
                        headers["Retry-After"] = "90"
                with owner.lock:
                    owner.asked.append(status)
                self.answer(status, {"words": words} if words else None, headers)

            def do_GET(self):
                with owner.lock:
                    self.answer(200, owner.taken if self.path == "/taken" else owner.asked)

            def answer(self, status, document=None, headers={}):
                body = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        ThreadingHTTPServer.daemon_threads = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"

    def browser(self, key):
        """Endpoint and keys of a new browser; with `key`, of one that takes messages of that sender alone."""
        name, browser = uuid.uuid4().hex, Browser(key)
        self.browsers[name] = browser
        return {
            "id": name,
            "endpoint": f"{self.origin}/push/{name}",
            "p256dh": url64(browser.public),
            "auth": url64(browser.secret),
        }

    def take(self, name, headers, body):
        browser = self.browsers.get(name)
        if not browser:
            raise Refusal(404, "no such browser")
        if browser.mood:
            raise Refusal(MOODS[browser.mood], browser.mood)
        ttl = headers.get("TTL", "")
        if not ttl.isdigit():
            raise Refusal(400, "TTL is missing")
        if headers.get("Urgency", "normal") not in ("very-low", "low", "normal", "high"):
            raise Refusal(400, "strange urgency")
        topic = headers.get("Topic")
        if topic is not None and not (1 <= len(topic) <= 32 and set(url64(bytes64(topic)) + topic) <= set(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")):
            raise Refusal(400, "strange topic")
        self.prove(browser, headers.get("Authorization", ""))
        if len(body) > 4096:
            raise Refusal(413, "too large")
        if headers.get("Content-Encoding") != "aes128gcm":
            raise Refusal(400, "not aes128gcm")
        try:
            plain = http_ece.decrypt(body, private_key=browser.private, auth_secret=browser.secret, version="aes128gcm")
        except Exception as fault:
            raise Refusal(400, f"does not open: {fault}") from None
        taken = {
            "browser": name, "text": plain.decode(), "ttl": int(ttl), "urgency": headers.get("Urgency"), "topic": topic,
            "size": len(body)}
        with self.lock:
            self.taken.append(taken)
        return f"{self.origin}/message/{uuid.uuid4().hex}"

    def prove(self, browser, words):
        scheme, _, rest = words.partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme.lower() != "vapid" or not {"t", "k"} <= set(fields):
            raise Refusal(401, "no vapid")
        if browser.key and fields["k"] != browser.key:
            raise Refusal(403, "another key than it subscribed with")
        try:
            head, claims, signature = fields["t"].split(".")
            raw = bytes64(signature)
            assert len(raw) == 64 and json.loads(bytes64(head))["alg"] == "ES256"
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes64(fields["k"]))
            numbers = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            key.verify(utils.encode_dss_signature(*numbers), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
            claims = json.loads(bytes64(claims))
            assert claims["aud"] == self.origin, "another audience"
            assert claims["sub"].startswith(("mailto:", "https:")), "nobody to write to"
            # The clock of a test stands elsewhere than ours; that it ends within a day is seen by the sender's own tests.
            assert isinstance(claims["exp"], int)
        except (InvalidSignature, AssertionError, ValueError, KeyError) as fault:
            raise Refusal(403, f"not proved: {fault!r}") from None

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count, seconds=20):
        """What was taken, once it is that much."""
        end = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < end, f"{len(self.taken)} of {count} were taken; answers: {self.asked}"
            time.sleep(0.05)
        return list(self.taken)


if __name__ == "__main__":
    service = PushService()
    print(json.dumps({"http": service.port}), flush=True)
    service.server.serve_forever()
