"""An HTTP server that misbehaves on request. Prints one JSON line with the port it listens on.

/echo gives back what came as JSON; /status/N answers N; /bytes/N sends N bytes; /redirect leads to /echo; /file-redirect
leads to a file; /slow says nothing, ever; /drop hangs up; GET /slow-count tells how many have waited at /slow and left.
"""
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

left = threading.Semaphore(0)


class Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        if path == "/echo":
            said = {
                "method": self.command,
                "path": self.path,
                "headers": [[name.lower(), value] for name, value in self.headers.items()],
                "body": body.decode("latin-1"),
            }
            self.answer(200, json.dumps(said).encode(), Content_Type="application/json", X_Peer="yes")
        elif path.startswith("/status/"):
            status = int(path[8:])
            self.answer(status, b"" if status == 204 else b"said so")
        elif path.startswith("/bytes/"):
            self.answer(200, b"x" * int(path[7:]))
        elif path == "/redirect":
            self.answer(302, Location="/echo")
        elif path == "/file-redirect":
            self.answer(302, Location="file:///etc/hostname")
        elif path == "/slow":
            self.connection.recv(1)
            left.release()
            self.close_connection = True
        elif path == "/slow-left":
            self.answer(200, b"left" if left.acquire(timeout=20) else b"still there")
        elif path == "/drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.answer(404)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
print(json.dumps({"http": server.server_address[1]}), flush=True)
server.serve_forever()
