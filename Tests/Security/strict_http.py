"""Requests that two servers in a row might read differently, each said to the server itself and through nginx.

Behind every one stands a second, smuggled request for /smuggled; whoever answers that has taken the first one's bytes for
a request. Prints a table; ends with 1 when a form is served that must not be, or when anything was smuggled.
"""

import sys

from edge import Edge, fail_count, statuses, table

PROBE = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"
POST = b"POST /api/auth/login/ HTTP/1.1\r\nHost: localhost\r\n" + JSON
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

# name, bytes, what the server itself does, what comes through nginx:
#   refused    an error or a closed connection, and nothing after it is served
#   reframed   nginx reads it its own way and sends it on clean: harmless
#   lenient    the server's library takes it, in a way that cannot be seen from its callbacks; nginx must mend or refuse it
FORMS = [
    ("Content-Length and Transfer-Encoding", POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("Transfer-Encoding and Content-Length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("two equal lengths", POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "refused", "refused"),
    ("two different lengths", POST + b"Content-Length: 2\r\nContent-Length: 44\r\n\r\n{}", "refused", "refused"),
    ("a list of lengths", POST + b"Content-Length: 2, 2\r\n\r\n{}", "refused", "refused"),
    ("a signed length", POST + b"Content-Length: +2\r\n\r\n{}", "refused", "refused"),
    ("a negative length", POST + b"Content-Length: -1\r\n\r\n{}", "refused", "refused"),
    ("a hexadecimal length", POST + b"Content-Length: 0x2\r\n\r\n{}", "refused", "refused"),
    ("a length that overflows", POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", "refused", "refused"),
    ("blank before the colon", POST + b"Content-Length : 2\r\n\r\n{}", "refused", "refused"),
    ("two Transfer-Encodings", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("Transfer-Encoding: gzip, chunked", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("Transfer-Encoding: xchunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("Transfer-Encoding: identity", POST + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", "refused", "refused"),
    ("Transfer-Encoding in HTTP/1.0", b"POST /api/auth/login/ HTTP/1.0\r\nHost: localhost\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("folded Content-Length", POST + b"Content-Length:\r\n 44\r\n\r\n" + PROBE, "refused", "refused"),
    ("folded Transfer-Encoding", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "refused", "refused"),
    ("folded other header", GET + b"X-A: b\r\n c\r\n\r\n", "lenient", "refused"),
    ("chunk size 0x2", POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", "refused", "refused"),
    ("chunk size +2", POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", "refused", "refused"),
    ("chunk longer than its size", POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", "refused", "refused"),
    ("chunk size that overflows", POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff2\r\n{}\r\n0\r\n\r\n", "refused", "refused"),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", "refused", "refused"),
    ("two Hosts", GET + b"Host: other\r\n\r\n", "refused", "refused"),
    ("a Host with a path", b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", "refused", "refused"),
    ("an absolute target", b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "reframed"),
    ("a target without a slash", b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a target with a space", b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("%00 in the target", b"GET /a%00b HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a control byte in the target", b"GET /a\x01b HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("steps up", b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("encoded steps up", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a double slash", b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a malformed escape", b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("bytes that are no UTF-8", b"GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a control byte in a value", GET + b"X-A: a\x01b\r\n\r\n", "refused", None),
    ("a bare CR in a value", GET + b"X-A: a\rb\r\n\r\n", "refused", None),
    ("NUL in a value", GET + b"X-A: a\x00b\r\n\r\n", "lenient", "refused"),
    ("an empty header name", GET + b": x\r\n\r\n", "lenient", "refused"),
    ("a header name that is no token", GET + b"X(A): x\r\n\r\n", "refused", None),
    ("a line without a colon", GET + b"nonsense\r\n\r\n", "refused", "reframed"),
    ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: localhost\n\n", "lenient", "reframed"),
    ("two blanks in the request line", b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "lenient", "reframed"),
    ("words after the version", b"GET /healthz HTTP/1.1 x\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("HTTP/2.0 as a version", b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("HTTP/0.9", b"GET /healthz\r\n", "refused", "refused"),
    ("a foreign method", b"BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("CONNECT", b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("TRACE", b"TRACE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "refused", "refused"),
    ("a body where none is allowed", GET + b"Content-Length: 2\r\n\r\n{}", "refused", "refused"),
    ("too many headers", GET + b"".join(b"X-%d: y\r\n" % n for n in range(150)) + b"\r\n", "refused", "refused"),
    ("13 kB of headers", GET + b"X-A: " + b"a" * 7000 + b"\r\nX-B: " + b"b" * 7000 + b"\r\n\r\n", "refused", "refused"),
    ("70 kB of a head", GET + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", "refused", "refused"),
    ("a body larger than declared to be allowed", POST + b"Content-Length: 900000000\r\n\r\n", "refused", "refused"),
]


def met(wire, form):
    """How it was met, whether it was served, and every status that came."""
    with wire:
        wire.say(form)
        wire.say(PROBE)
        heard = wire.hear()
    found = statuses(heard)
    served = bool(found) and found[0] < 400
    return ("served" if served else str(found[0]) if found else "closed"), served, found


def judge(expected, served):
    return {"refused": not served, "reframed": True, "lenient": True, None: True}[expected]


def main():
    rows = []
    with Edge() as edge:
        for name, form, direct, proxied in FORMS:
            a, a_served, a_all = met(edge.wire(edge.direct, seconds=1.5), form)
            b, b_served, b_all = met(edge.wire(seconds=1.5), form)
            # One answer for the form and one for the probe; a third is for a request hidden in a body.
            alive = all(len(found) <= 2 for found in (a_all, b_all))
            rows.append((name, a, b, judge(direct, a_served) and judge(proxied, b_served) and alive))
        # After all of them both still serve.
        for port, name in ((edge.direct, "the server afterwards"), (edge.port, "nginx afterwards")):
            with edge.wire(port) as wire:
                wire.say(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                rows.append((name, *["serves"] * 2, statuses(wire.hear()) == [200]))
        server_log = edge.log.read_text()
        rows.append(("no error in the server's log", "", "", '"level":"error"' not in server_log))
    table(["form", "direct", "nginx"], rows)
    faults = fail_count(rows)
    print(f"\n{len(rows) - faults} passed, {faults} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
