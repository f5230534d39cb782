"""Campus: the small variant of the example's backend, with the same URLs and answers as the Spring Boot one.

Configured by environment variables only: PORT, DATABASE_URL (jdbc:postgresql://…), DATABASE_USER, DATABASE_PASSWORD,
REDIS_HOST, REDIS_PORT. Without DATABASE_URL or REDIS_HOST the health answer has no such component.
"""
import json
import os
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

STARTED = time.monotonic()
HERE = Path(__file__).resolve().parent
# The release's own file, not the environment: what is reported is what really runs.
VERSION = (HERE / 'version.txt').read_text().strip()
CACHE_SECONDS = 30

# PostgreSQL makes the JSON, and `select *` shows a newer schema's columns without asking for them: so the same
# queries (the Spring Boot variant has them too) run on every schema version from 1 to 3.
QUERIES = {
    '/api/courses': 'select c.*, d.name as department from courses c join departments d on d.id = c.department_id order by c.code',
    '/api/enrollment': 'select e.*, s.name as student, c.code as course from enrollments e'
    ' join students s on s.id = e.student_id join courses c on c.id = e.course_id order by e.id',
    '/api/finances': 'select i.*, s.name as student, coalesce(sum(p.amount), 0) as paid from invoices i'
    ' join students s on s.id = i.student_id left join payments p on p.invoice_id = i.id group by i.id, s.name order by i.id',
    '/api/academics': 'select g.*, s.name as student, c.code as course from grades g join enrollments e on e.id = g.enrollment_id'
    ' join students s on s.id = e.student_id join courses c on c.id = e.course_id order by g.id',
}


class Misbehaviour:
    """What `misbehave.txt` beside this file asks for: a name and, for some, a number of seconds."""

    def __init__(self, file):
        words = file.read_text().split() if file.exists() else []
        self.name = words[0] if words else None
        self.seconds = float(words[1]) if len(words) > 1 else 0.0

    def healthy(self, age):
        if self.name == 'never-healthy':
            return False
        if self.name == 'slow-start':
            return age >= self.seconds
        if self.name == 'unhealthy-later':
            return age < self.seconds
        return True

    def begin(self):
        if self.name == 'crash-loop':
            # os._exit, because sys.exit in a timer's thread would end only that thread.
            threading.Timer(self.seconds, os._exit, [1]).start()


class Database:
    """One connection, opened when first needed and again after it broke."""

    def __init__(self, url, user, password):
        from urllib.parse import urlsplit

        parts = urlsplit(url.removeprefix('jdbc:'))
        self._options = {
            'host': parts.hostname,
            'port': parts.port or 5432,
            'dbname': parts.path.lstrip('/'),
            'user': user,
            'password': password,
            'connect_timeout': 2,
            'tcp_user_timeout': 2000,
            'options': '-c statement_timeout=2000',
            'application_name': 'campus',
        }
        self._connection = None
        self._lock = threading.Lock()

    def _once(self, query):
        import psycopg2

        if self._connection is None:
            self._connection = psycopg2.connect(**self._options)
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    def _forget(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def value(self, query):
        """The first column of the first row. A kept connection may be dead (the server restarted): then once more."""
        with self._lock:
            kept = self._connection is not None
            try:
                return self._once(query)
            except Exception:
                self._forget()
                if not kept:
                    raise
                return self._once(query)

    def ping(self):
        self.value('select 1')


class Cache:
    """Redis; the client is imported when first used, because that takes longer than all the rest of the start."""

    def __init__(self, host, port):
        self._address = (host, port)
        self._redis = None

    def _client(self):
        if self._redis is None:
            import redis

            host, port = self._address
            self._redis = redis.Redis(host, port, socket_timeout=2, socket_connect_timeout=2, decode_responses=True)
        return self._redis

    def ping(self):
        self._client().ping()

    def through(self, key, load):
        """The cached text, or what `load` gives. A cache that is down slows things down and breaks nothing."""
        try:
            found = self._client().get(key)
            if found is not None:
                return found, 'hit'
        except Exception as error:
            log(f'cache not readable: {type(error).__name__}')
            return load(), 'down'
        text = load()
        try:
            self._client().set(key, text, ex=CACHE_SECONDS)
        except Exception as error:
            log(f'cache not writable: {type(error).__name__}')
        return text, 'miss'


def log(text):
    print(text, file=sys.stderr, flush=True)


class Campus:
    """The application: answers are (status, JSON text, extra headers)."""

    def __init__(self, environment):
        url, redis = environment.get('DATABASE_URL'), environment.get('REDIS_HOST')
        user, password = environment.get('DATABASE_USER'), environment.get('DATABASE_PASSWORD')
        self.database = Database(url, user, password) if url else None
        self.cache = Cache(redis, int(environment.get('REDIS_PORT') or 6379)) if redis else None
        self.misbehaviour = Misbehaviour(HERE / 'misbehave.txt')

    def health(self):
        parts = {'db': self.database, 'redis': self.cache}
        components = {name: self._component(part) for name, part in parts.items() if part is not None}
        if not self.misbehaviour.healthy(time.monotonic() - STARTED):
            components['campus'] = {'status': 'DOWN'}
        up = all(component['status'] == 'UP' for component in components.values())
        return {'status': 'UP' if up else 'DOWN', 'components': components}

    @staticmethod
    def _component(part):
        try:
            part.ping()
        except Exception as error:
            # The kind only: a driver's message may name user and host.
            return {'status': 'DOWN', 'details': {'error': type(error).__name__}}
        return {'status': 'UP'}

    def _rows(self, path):
        return self.database.value(f"select coalesce(json_agg(t), '[]')::text from ({QUERIES[path]}) t")

    def _data(self, path):
        if self.database is None:
            return 404, json.dumps({'error': 'this installation has no database'}), {}
        if path != '/api/courses' or self.cache is None:
            return 200, self._rows(path), {}
        text, how = self.cache.through(f'campus:{VERSION}:courses', lambda: self._rows(path))
        return 200, text, {'X-Cache': how}

    def answer(self, path):
        if path in ('/actuator/health', '/api/health'):
            health = self.health()
            body = health if path.startswith('/actuator') else {'status': health['status'], 'version': VERSION}
            return 200 if health['status'] == 'UP' else 503, json.dumps(body), {}
        if path == '/actuator/info':
            return 200, json.dumps({'build': {'version': VERSION}}), {}
        if path in QUERIES:
            return self._data(path)
        return 404, json.dumps({'error': 'not found'}), {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = 30
    # Head and body leave in one packet.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        try:
            status, text, headers = self.server.campus.answer(self.path.partition('?')[0])
        except Exception as error:
            log(f'GET {self.path}: {type(error).__name__}: {error}')
            status, text, headers = 503, json.dumps({'error': 'the data is not available now'}), {}
        body = text.encode()
        self.send_response(status)
        for name, value in {'Content-Type': 'application/json', 'Content-Length': str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        """No line for each request: health is asked for several times a second."""


class Server(socketserver.ThreadingTCPServer):
    # Not http.server.HTTPServer: that one looks its own name up, which stalls on a host without a name server.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def stop(_signal, _frame):
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, stop)
    port = int(os.environ['PORT'])
    campus = Campus(os.environ)
    with Server(('127.0.0.1', port), Handler) as server:
        server.campus = campus
        expected = os.environ.get('SAFEGUARD_VERSION')
        if expected and expected != VERSION:
            log(f'started as {expected}, but this is {VERSION}')
        log(f'campus {VERSION} listens on 127.0.0.1:{port}')
        campus.misbehaviour.begin()
        server.serve_forever(poll_interval=0.1)


main()
