"""A service as small as one can be: answers the version that lay beside it when it was started."""
import http.server
import os

DIRECTORY = os.path.dirname(os.path.realpath(__file__))
with open(f'{DIRECTORY}/version.txt', encoding='utf-8') as file:
    VERSION = file.read().strip()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(VERSION.encode())

    def log_message(self, *_):
        """Nobody reads it."""


http.server.ThreadingHTTPServer(('127.0.0.1', 8099), Handler).serve_forever()
