"""A release server on the loopback that fails in the way that the first part of the path names.

server.py DIRECTORY: prints its port, then serves DIRECTORY at /well, and with a fault at every other name.
"""

import http.server
import pathlib
import sys

directory = pathlib.Path(sys.argv[1])


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        fault, _, rest = self.path.lstrip("/").partition("/")
        file = directory / rest
        program = rest.endswith("-linux")
        if fault == "drops":
            self.close_connection = True
            return
        if fault == "loops":
            self.answer(302, b"", location=self.path)
        elif fault == "fails":
            self.answer(500, b"out of order")
        elif fault == "welcomes":
            self.answer(200, b"<html>sign in to this network first</html>")
        elif not file.is_file():
            self.answer(404, b"there is no such file")
        elif fault == "cuts" and program:
            body = file.read_bytes()
            self.answer(200, body[: len(body) // 2], length=len(body))
            self.close_connection = True
        elif fault == "shortens" and program:
            self.answer(200, file.read_bytes()[:-1])
        elif fault == "changes" and program:
            body = bytearray(file.read_bytes())
            body[len(body) // 2] ^= 1
            self.answer(200, bytes(body))
        elif fault == "no-digest" and rest.endswith(".sha256"):
            self.answer(404, b"there is no such file")
        else:
            self.answer(200, file.read_bytes())

    def answer(self, status, body, length=None, location=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(server.server_address[1], flush=True)
server.serve_forever()
