"""The kiosk's backend: one notice that everybody may read, and that whoever has the token may change."""
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = (Path(__file__).parent / 'version.txt').read_text().strip()
TOKEN = os.environ['KIOSK_TOKEN']
LONGEST_NOTICE = 1000


class Kiosk(BaseHTTPRequestHandler):
    notice = 'Welcome!'

    def do_GET(self):
        answers = {'/healthz': {'status': 'UP'}, '/version': {'v': VERSION}, '/api/notice': {'notice': Kiosk.notice}}
        self.reply(200 if self.path in answers else 404, answers.get(self.path, {}))

    def do_PUT(self):
        size = int(self.headers.get('Content-Length', 0))
        if self.path != '/api/notice' or size > LONGEST_NOTICE:
            return self.reply(404, {})
        body = self.rfile.read(size).decode()
        given = self.headers.get('Authorization', '').removeprefix('Bearer ')
        if not hmac.compare_digest(given.encode(), TOKEN.encode()):
            return self.reply(401, {})
        Kiosk.notice = body
        self.reply(200, {'notice': body})

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """nginx has a log already."""


if __name__ == '__main__':
    ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Kiosk).serve_forever()
