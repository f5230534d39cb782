"""A service as small as one can be: answers the version that lay beside it when it was started."""
import http.server
import json
import os
import socketserver

DIRECTORY = os.path.dirname(os.path.realpath(__file__))
with open(f'{DIRECTORY}/version.txt', encoding='utf-8') as file:
    VERSION = file.read().strip()
ANSWERS = {'/': VERSION, '/health': json.dumps({'status': 'UP', 'version': VERSION})}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Head and body leave in one packet.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        text = ANSWERS.get(self.path)
        body = (text or 'not found').encode()
        self.send_response(404 if text is None else 200)
        self.send_header('Content-Type', 'application/json' if self.path == '/health' else 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


class Server(socketserver.ThreadingTCPServer):
    # Not http.server's own: that one looks its own name up, which stalls on a host without a name server.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(('0.0.0.0', int(os.environ['PORT'])), Handler).serve_forever()
