"""A mail relay that keeps what it is given: STARTTLS, AUTH PLAIN/LOGIN (app / pw).

  mail_capture.py [--tls-folder DIR] [--smtp-port 0] [--http-port 0] [--no-auth]

Prints one JSON line with the ports it listens on and, with a folder, the file to trust: a certificate for localhost
is made there once. `bounce@` is refused with 550, `tempfail@` with 451 at RCPT;
a subject of "refuse at the end" with 554 after DATA. GET / lists the mails, GET /raw/N gives one, DELETE / forgets all.
"""
import argparse
import base64
import email
import email.policy
import json
import os
import ssl
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

options = argparse.ArgumentParser()
options.add_argument("--tls-folder")
options.add_argument("--smtp-port", type=int, default=0)
options.add_argument("--http-port", type=int, default=0)
options.add_argument("--no-auth", action="store_true")
options = options.parse_args()

mails = []


def described(envelope, session):
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    parts = [
        {
            "type": part.get_content_type(),
            "parameters": dict(part["Content-Type"].params) if part["Content-Type"] else {},
            "filename": part.get_filename(),
            "text": part.get_content().replace("\r\n", "\n") if part.get_content_maintype() == "text" else None,
            "base64": base64.b64encode(part.get_payload(decode=True) or b"").decode(),
        }
        for part in message.walk()
        if not part.is_multipart()
    ]
    return {
        "tls": bool(session.ssl),
        "authenticated": bool(session.authenticated),
        "sender": envelope.mail_from,
        "recipients": envelope.rcpt_tos,
        "subject": message["subject"],
        "headers": [[name, str(value)] for name, value in message.items()],
        "structure": [part.get_content_type() for part in message.walk()],
        "defects": [repr(defect) for part in message.walk() for defect in part.defects],
        "parts": parts,
        "longest_line": max(len(line) for line in envelope.original_content.split(b"\r\n")),
        "raw": base64.b64encode(envelope.original_content).decode(),
    }


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("bounce@"):
            return "550 5.1.1 no such user"
        if address.startswith("tempfail@"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = described(envelope, session)
        if mail["subject"] == "refuse at the end":
            return "554 5.7.1 not this one"
        mails.append(mail)
        return f"250 2.0.0 queued as {len(mails)}"


def authenticate(server, session, envelope, mechanism, data):
    ours = isinstance(data, LoginPassword) and data.login == b"app" and data.password == b"pw"
    return AuthResult(success=ours, handled=False)


class View(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(mails).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self):
        mails.clear()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


arguments = {}
if options.tls_folder:
    certificate = os.path.join(options.tls_folder, "certificate.pem")
    key = os.path.join(options.tls_folder, "key.pem")
    if not os.path.exists(certificate):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
            + ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    arguments["tls_context"] = context
    arguments["require_starttls"] = True
if not options.no_auth:
    arguments["authenticator"] = authenticate
    arguments["auth_required"] = True
    arguments["auth_require_tls"] = bool(options.tls_folder)


class AnyPort(Controller):
    """The stock controller tests itself by connecting to the port it was told, which 0 is not."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = AnyPort(Handler(), hostname="127.0.0.1", port=options.smtp_port, enable_SMTPUTF8=True, **arguments)
controller.start()
view = ThreadingHTTPServer(("127.0.0.1", options.http_port), View)
ready = {"smtp": controller.port, "http": view.server_address[1]}
if options.tls_folder:
    ready["authorities"] = certificate
print(json.dumps(ready), flush=True)
view.serve_forever()
