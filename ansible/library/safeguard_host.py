#!/usr/bin/python3
"""The only thing that changes a host. See docs/architecture.md, "A host".

As `/usr/local/sbin/safeguard-host` (root):
  (no argument)                 reads one JSON request line on standard input, answers in JSON lines
  execute <AE> <unit>           carries out a request inside its transient unit
  gate                          at boot: converges every application to its committed release
  may-start <AE> <digest>       ExecCondition of the units: exit status 0 or 1
As an Ansible module (WANT_JSON): hands the task's arguments to the installed program, through sudo when not root.
"""
from __future__ import annotations

import fcntl
import json
import os
import re
import select
import sys
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Callable, Iterator, NamedTuple, Optional

PROTOCOL = 1
PROGRAM = '/usr/local/sbin/safeguard-host'
HOST_CONFIGURATION = '/etc/safeguard/host.json'
STATE_ROOT = '/var/lib'
RUN_ROOT = '/run/safeguard'
UNIT_ROOT = '/etc/systemd/system'
SITE_ROOT = '/etc/nginx/conf.d'
CAPTURE_ROOT = '/var/backups/deployment-state'
NGINX_PID = '/run/nginx.pid'

SLOT_BYTES = 16 * 1024
BALLAST_BYTES = 4 * 1024 * 1024
REQUEST_BYTES = 4 * 1024 * 1024
LOCK_SECONDS = 30
INPUT_SECONDS = 30
RESULTS_KEPT = 20
CAPTURES_KEPT = 10
MAX_FILES = 20_000
MAX_UNPACKED_BYTES = 4 * 1024**3
SCRATCH_SECONDS = 3600

# Held equal to HOST_ERROR_CODES in src/domain/host-protocol.ts by a test.
ERROR_CODES = (
    'BAD_REQUEST', 'PROTOCOL_MISMATCH', 'NOT_ALLOWED', 'FENCED', 'TOKEN_MISSING', 'UNKNOWN_INCARNATION', 'BUSY',
    'CHECKSUM_MISMATCH', 'ARCHIVE_REFUSED', 'TRUNCATED', 'NOT_STAGED', 'DISK_FULL', 'FOREIGN_UNIT', 'STOP_FAILED',
    'START_FAILED', 'PROXY_REFUSED', 'NOT_AS_EXPECTED', 'INTERNAL',
)


class HostError(Exception):
    """A refusal or failure with a stable code and a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        assert code in ERROR_CODES, code
        super().__init__(message)
        self.code = code


# ---- Words on the wire -----------------------------------------------------------------------------------------

def canonical_json(value: Any) -> str:
    """The one text of a JSON value; equal to canonicalJson in src/domain/canonical-json.ts."""
    return json.dumps(_in_order(value), separators=(',', ':'), ensure_ascii=False)


def _in_order(value: Any) -> Any:
    if isinstance(value, float):
        raise HostError('BAD_REQUEST', f'numbers must be integers, not {value}')
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if isinstance(value, dict):
        # JavaScript sorts by UTF-16 code unit, Python by code point.
        keys = sorted(value, key=lambda key: key.encode('utf-16-be', 'surrogatepass'))
        return {key: _in_order(value[key]) for key in keys}
    return value


def digest_of(value: Any) -> str:
    return sha256(canonical_json(value).encode()).hexdigest()


def emit(line: dict) -> None:
    """Writes one line of the protocol to standard output."""
    data = (json.dumps(line, ensure_ascii=False) + '\n').encode('utf-8', 'replace')
    while data:
        data = data[os.write(1, data):]


def print_progress(text: str, count: Optional[int] = None) -> None:
    emit({'type': 'progress', 'text': text, **({} if count is None else {'bytes': count})})


# ---- Checking what was asked -----------------------------------------------------------------------------------

NAME = re.compile(r'[a-z][a-z0-9-]{0,40}')
NAME_PAIR = re.compile(r'[a-z][a-z0-9-]{2,82}')
VERSION = re.compile(r'[A-Za-z0-9._+-]{1,128}')
DIGEST = re.compile(r'[0-9a-f]{64}')
UNIT = re.compile(r'(?!safeguard)[a-z0-9@-]+\.service')
VARIABLE = re.compile(r'[A-Z_][A-Z0-9_]*')
RUN = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}')
INCARNATION = re.compile(r'[A-Za-z0-9-]{1,64}')
USER = re.compile(r'[a-z_][a-z0-9_-]{0,31}')
ROOT = re.compile(r'(/[A-Za-z0-9_][A-Za-z0-9._-]*)+')
PREFIX = re.compile(r'/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/?)+')
SERVER_NAME = re.compile(r'(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]{0,251})')
COMMAND = re.compile(r'(\{release\})?(/[A-Za-z0-9_+@][A-Za-z0-9._+@-]*)+')
LINE = re.compile(r'[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*')
SECRET = re.compile(r'[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]*')

TOKEN_FIELDS = ('incarnation', 'epoch', 'run', 'step', 'try', 'attempt')
STATE_FIELDS = ('current_version', 'previous_version', 'last_deploy_timestamp', 'deploy_start', 'deploy_runner',
                'deployed_by', 'deployment_id', 'git_sha')
OPERATION_FIELDS = {
    'inspect': (),
    'stage': ('token', 'manifest', 'digest', 'component', 'secrets'),
    'activate': ('token', 'digest', 'component'),
    'restore': ('token', 'digest'),
    'commit': ('token', 'digest', 'state', 'keep'),
    'adopt': ('token', 'reason'),
}


def refuse(message: str) -> Any:
    raise HostError('BAD_REQUEST', message)


def text(value: Any, field: str, pattern: re.Pattern = LINE) -> str:
    if not isinstance(value, str) or len(value) > 32_768 or not pattern.fullmatch(value):
        refuse(f'{field} is not allowed here' if pattern is SECRET else f'{field}: {value!r} is not allowed here')
    return value


def whole(value: Any, field: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        refuse(f'{field}: {value!r} is not a whole number from {low} to {high}')
    return value


def fields(value: Any, field: str, required: tuple, optional: tuple = ()) -> dict:
    if not isinstance(value, dict):
        refuse(f'{field} is not an object')
    missing = [name for name in required if name not in value]
    unknown = [name for name in value if name not in required and name not in optional]
    if missing or unknown:
        refuse(f'{field}: missing {missing}, unknown {unknown}')
    return value


def table(value: Any, field: str) -> dict:
    return value if isinstance(value, dict) else refuse(f'{field} is not an object')


def check_token(token: Any) -> None:
    fields(token, 'token', TOKEN_FIELDS)
    text(token['incarnation'], 'token.incarnation', INCARNATION)
    text(token['run'], 'token.run', RUN)
    for name in ('epoch', 'step', 'try', 'attempt'):
        whole(token[name], f'token.{name}', 0, 2**53)


def check_request(request: Any) -> dict:
    """The shape of a request, not yet what it may touch."""
    operation = table(request, 'request').get('operation')
    if request.get('protocol') != PROTOCOL:
        raise HostError('PROTOCOL_MISMATCH', f'this host speaks protocol {PROTOCOL}, not {request.get("protocol")}: '
                        'prepare the host again with the same version of safeguard')
    if operation not in OPERATION_FIELDS:
        refuse(f'unknown operation {operation!r}')
    # `check` is for Ansible's check mode: look and say what would change.
    fields(request, 'request', ('protocol', 'operation', 'application', 'environment', *OPERATION_FIELDS[operation]),
           ('check',))
    text(request['application'], 'application', NAME)
    text(request['environment'], 'environment', NAME)
    if 'token' in request:
        check_token(request['token'])
    if 'component' in request:
        text(request['component'], 'component', NAME)
    if 'digest' in request and (request['digest'] is not None or operation in ('stage', 'activate')):
        text(request['digest'], 'digest', DIGEST)
    if operation == 'adopt':
        text(request['reason'], 'reason')
    if operation == 'commit':
        check_commit(request)
    return request


def check_commit(request: dict) -> None:
    whole(request['keep'], 'keep', 1, 1000)
    if request['state'] is None:
        return
    for name, value in fields(request['state'], 'state', STATE_FIELDS).items():
        if value is not None or name not in ('previous_version', 'git_sha'):
            text(value, f'state.{name}')


def check_manifest(manifest: Any, app: App) -> None:
    """Every field that ends in a unit or a site, and that the application may use what it names."""
    fields(manifest, 'manifest', ('application', 'version', 'components'), ('schema',))
    text(manifest['application'], 'application', NAME)
    text(manifest['version'], 'version', VERSION)
    if not app.name.startswith(f'{manifest["application"]}-'):
        raise HostError('NOT_ALLOWED', f'the release is of {manifest["application"]}, not for {app.name}')
    kinds = []
    for name, component in table(manifest['components'], 'components').items():
        text(name, 'component name', NAME)
        kinds.append(table(component, name).get('kind'))
        if kinds[-1] == 'systemd':
            check_systemd(name, component, app)
        elif kinds[-1] == 'static':
            check_static(name, component, app)
        else:
            refuse(f'{name}: unknown kind {kinds[-1]!r}')
    if kinds.count('static') > 1:
        refuse('a release has at most one static component: a host has one site for an application')
    units = [component['unit'] for component in manifest['components'].values() if 'unit' in component]
    if len(set(units)) < len(units):
        refuse(f'two components with one unit: {units}')


def check_artifact(name: str, artifact: Any) -> None:
    fields(artifact, f'{name}.artifact', ('file', 'sha256', 'size'))
    text(artifact['file'], f'{name}.artifact.file')
    text(artifact['sha256'], f'{name}.artifact.sha256', DIGEST)
    whole(artifact['size'], f'{name}.artifact.size', 1, MAX_UNPACKED_BYTES)


def check_port(port: Any, allowed: tuple, field: str) -> None:
    if whole(port, field, 1, 65535) not in allowed:
        raise HostError('NOT_ALLOWED', f'{field}: port {port} is not one of {list(allowed)} in {HOST_CONFIGURATION}')


def check_systemd(name: str, component: dict, app: App) -> None:
    fields(component, name, ('kind', 'artifact', 'unit', 'user', 'exec', 'environment', 'secrets', 'port',
                             'stopTimeoutSeconds'))
    check_artifact(name, component['artifact'])
    text(component['unit'], f'{name}.unit', UNIT)
    if text(component['user'], f'{name}.user', USER) != app.user:
        raise HostError('NOT_ALLOWED', f'{name}: user {component["user"]} is not {app.user} of {HOST_CONFIGURATION}')
    check_port(component['port'], app.ports, f'{name}.port')
    whole(component['stopTimeoutSeconds'], f'{name}.stopTimeoutSeconds', 1, 600)
    command = component['exec']
    if not isinstance(command, list) or not command:
        refuse(f'{name}.exec is not a list of arguments')
    text(command[0], f'{name}.exec[0], an absolute path or one in {{release}},', COMMAND)
    for argument in command[1:]:
        text(argument, f'{name}.exec')
    for variable, value in table(component['environment'], f'{name}.environment').items():
        text(variable, f'{name}.environment', VARIABLE)
        text(value, f'{name}.environment.{variable}')
    secrets = component['secrets']
    if not isinstance(secrets, list) or len({text(secret, f'{name}.secrets', VARIABLE) for secret in secrets}) < len(
            secrets):
        refuse(f'{name}.secrets is not a list of different names')
    twice = {'PORT', 'SAFEGUARD_VERSION', *component['environment']}.intersection(secrets)
    if twice:
        refuse(f'{name}: secrets also set elsewhere: {sorted(twice)}')


def check_static(name: str, component: dict, app: App) -> None:
    fields(component, name, ('kind', 'artifact', 'listen', 'serverName', 'routes'), ('assets',))
    check_artifact(name, component['artifact'])
    check_port(component['listen'], app.listen, f'{name}.listen')
    text(component['serverName'], f'{name}.serverName', SERVER_NAME)
    for prefix, port in table(component['routes'], f'{name}.routes').items():
        text(prefix, f'{name}.routes', PREFIX)
        check_port(port, app.ports, f'{name}.routes.{prefix}')
    if 'assets' in component and text(component['assets'], f'{name}.assets', PREFIX) in component['routes']:
        refuse(f'{name}: {component["assets"]} is both assets and a route')


# ---- The application on this host ------------------------------------------------------------------------------

class App(NamedTuple):
    """What host.json allows, and the paths that follow from it."""
    name: str
    root: str
    user: str
    listen: tuple
    ports: tuple

    @property
    def releases(self) -> str: return f'{self.root}/releases'
    @property
    def state(self) -> str: return f'{STATE_ROOT}/safeguard/{self.name}'
    @property
    def ledger(self) -> str: return f'{self.state}/ledger'
    @property
    def ballast(self) -> str: return f'{self.state}/ballast'
    @property
    def results(self) -> str: return f'{self.run}/results'
    @property
    def run(self) -> str: return f'{RUN_ROOT}/{self.name}'
    @property
    def site(self) -> str: return f'{SITE_ROOT}/{self.name}.conf'
    @property
    def state_file(self) -> str: return f'{STATE_ROOT}/{self.name}-state.json'

    def mark(self, component: str) -> str:
        """First line of every file that is ours."""
        return f'# safeguard {self.name} {component}'


def read_configuration() -> dict:
    try:
        with open(HOST_CONFIGURATION, encoding='utf-8') as file:
            return table(json.load(file).get('applications'), f'applications in {HOST_CONFIGURATION}')
    except (OSError, ValueError) as cause:
        raise HostError('NOT_ALLOWED', f'{HOST_CONFIGURATION} cannot be read ({cause}): prepare this host') from cause


def find_app(name: str, configuration: Optional[dict] = None) -> App:
    entry = (read_configuration() if configuration is None else configuration).get(name)
    if entry is None:
        raise HostError('NOT_ALLOWED', f'{name} is not an application of this host (see {HOST_CONFIGURATION})')
    fields(entry, f'{name} in {HOST_CONFIGURATION}', ('root', 'user', 'listen', 'ports'))
    return App(name, text(entry['root'], 'root', ROOT), text(entry['user'], 'user', USER),
               tuple(entry['listen']), tuple(entry['ports']))


class Release(NamedTuple):
    """A release that lies on this host, its manifest checked."""
    digest: str
    version: str
    components: dict

    def directory(self, app: App) -> str: return f'{app.releases}/{self.digest}'


def load_release(app: App, digest: str) -> Release:
    try:
        data = read_bytes(f'{app.releases}/{digest}/manifest.json')
    except OSError as cause:
        raise HostError('NOT_STAGED', f'release {digest} is not on this host: stage it first') from cause
    if sha256(data).hexdigest() != digest:
        raise HostError('NOT_STAGED', f'the manifest of release {digest} was altered on this host: stage it again')
    manifest = json.loads(data)
    check_manifest(manifest, app)
    return Release(digest, manifest['version'], manifest['components'])


def load_complete_release(app: App, digest: str) -> Release:
    release = load_release(app, digest)
    missing = [name for name in release.components if not is_staged(app, digest, name)]
    if missing:
        raise HostError('NOT_STAGED', f'{", ".join(missing)} of release {release.version} is not staged on this host')
    return release


def is_staged(app: App, digest: str, component: str) -> bool:
    return os.path.exists(f'{app.releases}/{digest}/.{component}.files')


def release_digests(app: App) -> list:
    """Digests of all release directories, complete or not."""
    try:
        return sorted(name for name in os.listdir(app.releases) if DIGEST.fullmatch(name))
    except FileNotFoundError:
        return []


def version_of(app: App, digest: Optional[str]) -> Optional[str]:
    try:
        return None if digest is None else load_release(app, digest).version
    except HostError:
        return None  # asked for information only; who needs the release gets the error from load_release


# ---- Files that survive ----------------------------------------------------------------------------------------

def read_bytes(path: str) -> bytes:
    with open(path, 'rb') as file:
        return file.read()


def read_text(path: str) -> Optional[str]:
    try:
        return read_bytes(path).decode('utf-8', 'replace')
    except FileNotFoundError:
        return None


def sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: str, data: bytes, mode: int = 0o644) -> None:
    """The file has the old or the new content, whatever happens; the new one once this returns."""
    scratch = f'{path}.new-{os.getpid()}'
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.rename(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    sync_directory(os.path.dirname(path))


def is_disk_full(error: OSError) -> bool:
    import errno
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_with_ballast(app: App, path: str, data: bytes, mode: int = 0o644) -> None:
    """As write_durably; on a full disk the ballast is given up first: the way back must not need free space. Whoever
    filled the disk may take that room at once; then the file is overwritten where it lies."""
    try:
        write_durably(path, data, mode)
    except OSError as error:
        if not is_disk_full(error):
            raise
        if os.path.exists(app.ballast):
            os.unlink(app.ballast)
            sync_directory(app.state)
            write_with_ballast(app, path, data, mode)
        elif not overwrite(path, data):
            raise


def overwrite(path: str, data: bytes) -> bool:
    """Writes into the blocks that the file has; False when there is no file or they are too few. A power loss in the
    middle may tear it, but not its first line, which stays the same: the boot gate knows it and writes it anew."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        if os.fstat(descriptor).st_blocks * 512 < len(data):
            return False
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def remove_tree(path: str) -> None:
    import shutil
    shutil.rmtree(path)


def preallocate(path: str, size: int) -> None:
    scratch = f'{path}.new-{os.getpid()}'
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.fsync(descriptor)
        os.rename(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    finally:
        os.close(descriptor)
    sync_directory(os.path.dirname(path))


def ensure_state(app: App) -> None:
    """Everything that must not need space later is made at first use."""
    os.makedirs(app.state, mode=0o700, exist_ok=True)
    if not os.path.exists(app.ledger):
        preallocate(app.ledger, 2 * SLOT_BYTES)
    os.makedirs(app.run, mode=0o700, exist_ok=True)
    os.makedirs(app.results, mode=0o700, exist_ok=True)


def ensure_ballast(app: App) -> None:
    if os.path.exists(app.ballast):
        return
    room = os.statvfs(app.state)
    if room.f_bavail * room.f_frsize > 8 * BALLAST_BYTES:
        preallocate(app.ballast, BALLAST_BYTES)


# ---- Ledger: token and journal ---------------------------------------------------------------------------------

EMPTY_LEDGER = {'sequence': 0, 'token': None, 'committed': None, 'previous': None, 'intent': None, 'history': []}


def encode_slot(ledger: dict) -> bytes:
    body = canonical_json(ledger).encode()
    slot = sha256(body).hexdigest().encode() + b' ' + body + b'\n'
    if len(slot) > SLOT_BYTES:
        raise HostError('INTERNAL', f'the ledger has outgrown its slot: {len(slot)} bytes')
    return slot.ljust(SLOT_BYTES, b'\0')


def decode_slot(slot: bytes) -> Optional[dict]:
    """The ledger in a slot; None when the slot is empty or was torn."""
    checksum, _, rest = slot.partition(b' ')
    body = rest.partition(b'\n')[0]
    return json.loads(body) if checksum.decode('ascii', 'replace') == sha256(body).hexdigest() else None


def read_ledger(app: App) -> dict:
    try:
        data = read_bytes(app.ledger)
    except FileNotFoundError:
        return dict(EMPTY_LEDGER)
    slots = [decode_slot(data[:SLOT_BYTES]), decode_slot(data[SLOT_BYTES:])]
    return max((slot for slot in slots if slot), key=lambda slot: slot['sequence'], default=dict(EMPTY_LEDGER))


def write_ledger(app: App, ledger: dict) -> None:
    """Overwrites the older slot in place. Only with the latch held."""
    ledger = {**ledger, 'sequence': read_ledger(app)['sequence'] + 1}
    descriptor = os.open(app.ledger, os.O_WRONLY)
    try:
        os.pwrite(descriptor, encode_slot(ledger), ledger['sequence'] % 2 * SLOT_BYTES)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: str, seconds: float, busy: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HostError('BUSY', busy) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def latch(app: App) -> Any:
    """Short exclusion around reading and writing the ledger. The lock proper is held by a change for all its time, so
    a newer token could never be accepted under it while an older change hangs."""
    return locked(app.ledger, 10, f'the ledger of {app.name} is held by another process')


def change_lock(app: App) -> Any:
    return locked(f'{app.state}/lock', LOCK_SECONDS, f'another change of {app.name} is going on since {LOCK_SECONDS} s')


def place_of(token: dict) -> tuple:
    return (token['step'], token['try'], token['attempt'])


def fence(held: Optional[dict], asked: dict, operation: str, releases_exist: bool) -> None:
    """The table in docs/architecture.md, "Fencing". Raises unless the token is accepted."""
    if held is None:
        if releases_exist and operation != 'adopt':
            raise HostError('TOKEN_MISSING', 'this host has releases but no fencing token (restored from a backup?): '
                            'look at it, then adopt it')
        return
    if held['incarnation'] != asked['incarnation']:
        if operation != 'adopt':
            raise HostError('UNKNOWN_INCARNATION', f'this host belongs to incarnation {held["incarnation"]}, not '
                            f'{asked["incarnation"]}: adopt it if the environment was begun anew')
        return
    newer = held['epoch'] > asked['epoch'] or (held['epoch'] == asked['epoch'] and (
        held['run'] != asked['run'] or place_of(held) > place_of(asked)))
    if newer:
        raise HostError('FENCED', f'this host has accepted run {held["run"]} (epoch {held["epoch"]}, step, try, '
                        f'attempt {place_of(held)}); run {asked["run"]} (epoch {asked["epoch"]}, {place_of(asked)}) '
                        'is older')


def check_fence(app: App, request: dict) -> dict:
    ledger = read_ledger(app)
    fence(ledger['token'], request['token'], request['operation'], bool(release_digests(app)))
    return ledger


def accept_token(app: App, request: dict) -> bool:
    """True when the token's incarnation is new here."""
    ensure_state(app)
    with latch(app):
        ledger = check_fence(app, request)
        held = ledger['token']
        if held != request['token']:
            write_ledger(app, {**ledger, 'token': request['token']})
        return held is None or held['incarnation'] != request['token']['incarnation']


def update_ledger(app: App, token: Optional[dict], change: Callable[[dict], dict]) -> dict:
    """Journals, unless somebody newer has come. `token` is None for the boot gate, which acts for nobody."""
    with latch(app):
        ledger = read_ledger(app)
        if token is not None:
            fence(ledger['token'], token, 'update', False)
        changed = {**ledger, **change(ledger)}
        if changed != ledger:
            write_ledger(app, changed)
        return changed


# ---- Rendering -------------------------------------------------------------------------------------------------

def quote(value: str) -> str:
    """A word of a unit file: quoted, specifiers escaped."""
    escaped = value.replace('\\', '\\\\').replace('"', '\\"').replace('%', '%%')
    return f'"{escaped}"'


def quote_argument(value: str) -> str:
    """A word of ExecStart, where systemd would also expand variables."""
    return quote(value.replace('$', '$$'))


def render_unit(app: App, release: Release, name: str) -> str:
    component = release.components[name]
    directory = f'{release.directory(app)}/{name}'
    command = [argument.replace('{release}', directory) for argument in component['exec']]
    environment = {variable: value.replace('{release}', directory)
                   for variable, value in sorted(component['environment'].items())}
    environment.update(PORT=str(component['port']), SAFEGUARD_VERSION=release.version)
    lines = [
        app.mark(name),
        '# Written by safeguard-host: changes made here are found and replaced.',
        '[Unit]',
        f'Description={app.name} {name} {release.version}',
        'After=network.target',
        'StartLimitIntervalSec=60',
        'StartLimitBurst=10',
        '',
        '[Service]',
        'Type=exec',
        f'User={component["user"]}',
        f'WorkingDirectory={directory}',
        f'ExecCondition=+{PROGRAM} may-start {app.name} {release.digest}',
        f'ExecStart={" ".join([command[0], *map(quote_argument, command[1:])])}',
        *(f'Environment={quote(f"{variable}={value}")}' for variable, value in environment.items()),
        *([f'EnvironmentFile={release.directory(app)}/.{name}.env'] if component['secrets'] else []),
        'Restart=on-failure',
        'RestartSec=1',
        'KillMode=mixed',
        f'TimeoutStopSec={component["stopTimeoutSeconds"]}',
        'SuccessExitStatus=143',
        'NoNewPrivileges=yes',
        'PrivateTmp=yes',
        'ProtectSystem=full',
    ]
    return '\n'.join(lines) + '\n'


def render_environment(secrets: dict) -> str:
    """An EnvironmentFile; inside double quotes only these four characters mean something."""
    escaped = {name: re.sub(r'(["\\`$])', r'\\\1', value) for name, value in secrets.items()}
    return ''.join(f'{name}="{value}"\n' for name, value in sorted(escaped.items()))


def render_site(app: App, release: Release, name: str, fallback: Optional[str]) -> str:
    """`fallback`: digest of the release whose assets are served when this one lacks them."""
    component = release.components[name]
    released = f'add_header X-Safeguard-Release {release.digest} always;'
    lines = [
        app.mark(name),
        '# Written by safeguard-host: changes made here are found and replaced.',
        'server {',
        f'    listen {component["listen"]};',
        f'    server_name {component["serverName"]};',
        f'    root {release.directory(app)}/{name};',
        '    server_tokens off;',
        '    error_page 404 /404.html;',
        f'    {released}',
        '    location / {',
        '        try_files $uri $uri/index.html $uri.html =404;',
        f'        {released}',
        '        add_header Cache-Control no-cache always;',
        '    }',
    ]
    if 'assets' in component:
        lines += [
            f'    location {component["assets"]} {{',
            f'        try_files $uri {"@previous" if fallback else "=404"};',
            f'        {released}',
            '        add_header Cache-Control "public, max-age=3600";',
            '    }',
        ]
        if fallback:
            lines += ['    location @previous {', f'        root {app.releases}/{fallback}/{name};',
                      '        try_files $uri =404;', '    }']
    for prefix, port in sorted(component['routes'].items()):
        lines += [
            f'    location {prefix} {{',
            f'        proxy_pass http://127.0.0.1:{port};',
            '        proxy_http_version 1.1;',
            '        proxy_set_header Connection "";',
            '        proxy_set_header Host $http_host;',
            '        proxy_set_header X-Real-IP $remote_addr;',
            '        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
            '        proxy_set_header X-Forwarded-Proto $scheme;',
            '        proxy_connect_timeout 2s;',
            '        proxy_send_timeout 60s;',
            '        proxy_read_timeout 60s;',
            '    }',
        ]
    return '\n'.join([*lines, '}']) + '\n'


def assets_fallback(app: App, ledger: dict, release: Release, name: str) -> Optional[str]:
    """The release that served before this one: the same before and after this one is committed."""
    before = ledger['committed'] if ledger['committed'] != release.digest else ledger['previous']
    return before if before and before != release.digest and is_staged(app, before, name) else None


# ---- Running other programs ------------------------------------------------------------------------------------

class Ran(NamedTuple):
    code: int
    output: str
    errors: str

    @property
    def told(self) -> str:
        return (self.errors.strip() or self.output.strip())[-1000:]


def run(*arguments: str, seconds: float = 60, late: str = 'INTERNAL') -> Ran:
    """`late`: the code of the error when it takes longer than `seconds`."""
    import subprocess
    environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'SYSTEMD_COLORS': '0'}
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=seconds, env=environment, check=False)
    except subprocess.TimeoutExpired as cause:
        raise HostError(late, f'{" ".join(arguments[:4])} did not end within {seconds} s') from cause
    except OSError as cause:
        raise HostError('INTERNAL', f'{arguments[0]} cannot be run: {cause}') from cause
    return Ran(done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace'))


SHOWN = ('Id', 'LoadState', 'ActiveState', 'MainPID', 'NRestarts', 'ControlGroup', 'NeedDaemonReload', 'FragmentPath',
         'ExecMainStartTimestampMonotonic')


def show_units(*units: str) -> dict:
    """What systemd knows of each unit: name → properties."""
    if not units:
        return {}
    ran = run('systemctl', 'show', f'--property={",".join(SHOWN)}', '--', *units)
    if ran.code != 0:
        raise HostError('INTERNAL', f'systemctl show: {ran.told}')
    blocks = [dict(line.split('=', 1) for line in block.splitlines()) for block in ran.output.strip().split('\n\n')]
    return dict(zip(units, blocks))


def cgroup_processes(control_group: str) -> list:
    if control_group in ('', '/'):
        return []
    found = []
    for root in ('/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'):
        for directory, _, _ in os.walk(root + control_group):
            try:
                found += read_bytes(f'{directory}/cgroup.procs').split()
            except FileNotFoundError:
                continue  # the cgroup went away while we looked: nobody is in it
    return found


def stop_unit(unit: str, control_group: str, seconds: float) -> None:
    """Stops and confirms by the cgroup that no process is left."""
    ran = run('systemctl', 'stop', '--', unit, seconds=seconds + 30, late='STOP_FAILED')
    deadline = time.monotonic() + 5
    while cgroup_processes(control_group):
        if time.monotonic() > deadline:
            raise HostError('STOP_FAILED', f'{unit} still has processes after being stopped: {ran.told}')
        time.sleep(0.02)
    if ran.code != 0 and show_units(unit)[unit]['ActiveState'] not in ('inactive', 'failed'):
        raise HostError('STOP_FAILED', f'systemctl stop {unit}: {ran.told}')


def last_log_lines(unit: str) -> str:
    return ' | '.join(run('journalctl', '-q', '-u', unit, '-n', '5', '-o', 'cat', '--no-pager').output.splitlines())


def daemon_reload() -> None:
    ran = run('systemctl', 'daemon-reload', seconds=90)
    if ran.code != 0:
        raise HostError('INTERNAL', f'systemctl daemon-reload: {ran.told}')


# ---- Looking ---------------------------------------------------------------------------------------------------

class Observed(NamedTuple):
    kind: str
    digest: Optional[str]
    state: str
    restarts: int
    differences: tuple

    def is_sound(self, digest: str) -> bool:
        return self.digest == digest and self.state == 'active' and not self.differences


def read_owned(app: App, path: str) -> Optional[str]:
    """A unit or site; None when there is none. Refuses to know a file that is not ours."""
    if os.path.islink(path) or (os.path.lexists(path) and not (read_text(path) or '').startswith(app.mark(''))):
        raise HostError('FOREIGN_UNIT', f'{path} was not written by safeguard for {app.name}: move it away, or rename '
                        'the unit')
    return read_text(path)


def managed_units(app: App) -> dict:
    """Unit name → component, of the unit files that are ours."""
    found = {}
    for unit in sorted(os.listdir(UNIT_ROOT)):
        path = f'{UNIT_ROOT}/{unit}'
        if not unit.endswith('.service') or os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, encoding='utf-8', errors='replace') as file:
            first = file.readline().rstrip('\n')
        if first.startswith(app.mark('')):
            found[unit] = first[len(app.mark('')):]
    return found


def managed_site(app: App) -> Optional[str]:
    """Component of the site, where it is ours."""
    first = (read_text(app.site) or '').partition('\n')[0]
    return first[len(app.mark('')):] if first.startswith(app.mark('')) else None


def running_digests(app: App, pid: str) -> set:
    """Releases that a process runs from, by its directory, program and arguments."""
    links = [os.readlink(f'/proc/{pid}/{link}') for link in ('cwd', 'exe')]
    if any(link.startswith(app.root) and link.endswith(' (deleted)') for link in links):
        return set()  # its files were replaced by a new staging
    arguments = read_bytes(f'/proc/{pid}/cmdline').decode('utf-8', 'replace').replace('\0', ' ')
    return set(re.findall(re.escape(app.releases) + r'/([0-9a-f]{64})\b', ' '.join([*links, arguments])))


def observe_systemd(app: App, name: str, unit: str, shown: dict) -> Observed:
    differences = []
    digest = None
    if shown['MainPID'] == '0':
        differences.append(f'{unit} has no process')
    else:
        try:
            digests = running_digests(app, shown['MainPID'])
        except (FileNotFoundError, ProcessLookupError):
            digests = set()
        if len(digests) == 1:
            digest = digests.pop()
        else:
            from_where = 'several releases at once' if digests else 'no release here, or from files since replaced'
            differences.append(f'process {shown["MainPID"]} of {unit} runs from {from_where}')
    if shown['NeedDaemonReload'] == 'yes':
        differences.append(f'systemd has not read {unit} since it was changed')
    if digest is not None:
        differences += unit_differences(app, name, unit, digest, shown)
    return Observed('systemd', digest, shown['ActiveState'], int(shown['NRestarts'] or 0), tuple(differences))


def unit_differences(app: App, name: str, unit: str, digest: str, shown: dict) -> list:
    try:
        release = load_release(app, digest)
    except HostError as error:
        return [str(error)]
    component = release.components.get(name)
    if component is None or component.get('unit') != unit:
        return [f'{unit} is no unit of {name} in release {release.version}']
    found = []
    if read_text(f'{UNIT_ROOT}/{unit}') != render_unit(app, release, name):
        found.append(f'{UNIT_ROOT}/{unit} is not the unit of release {release.version}')
    if component['secrets'] and secrets_newer(f'{release.directory(app)}/.{name}.env', shown):
        found.append(f'the secrets of {name} were changed after it was started')
    return found


def secrets_newer(path: str, shown: dict) -> bool:
    started = time.time() - time.monotonic() + int(shown['ExecMainStartTimestampMonotonic'] or 0) / 1e6
    try:
        return os.stat(path).st_mtime > started
    except FileNotFoundError:
        return True


def ask_site(component: dict) -> Optional[str]:
    """The digest that nginx answers with just now; None when there is no such answer."""
    import socket
    host = component['serverName'].replace('*', 'safeguard')
    request = f'HEAD /version.txt HTTP/1.0\r\nHost: {"localhost" if host == "_" else host}\r\n\r\n'
    answer = b''
    try:
        with socket.create_connection(('127.0.0.1', component['listen']), timeout=2) as connection:
            connection.sendall(request.encode())
            while b'\r\n\r\n' not in answer and len(answer) < 65536:
                piece = connection.recv(8192)
                if not piece:
                    break
                answer += piece
    except OSError:
        return None
    match = re.search(rb'\r\nX-Safeguard-Release: ([0-9a-f]{64})\r\n', answer)
    return match.group(1).decode() if match else None


def observe_static(app: App, name: str, release: Optional[Release], ledger: dict) -> Observed:
    """`release`: the one whose site is asked for; by its address nginx says what it really serves."""
    component = release.components.get(name) if release else None
    digest = ask_site(component) if component and component['kind'] == 'static' else None
    differences = [] if digest else ['nginx does not answer with a release']
    if digest is not None:
        try:
            served = load_release(app, digest)
            if read_text(app.site) != render_site(app, served, name, assets_fallback(app, ledger, served, name)):
                differences.append(f'{app.site} is not the site of release {served.version}')
        except HostError as error:
            differences.append(str(error))
    return Observed('static', digest, 'inactive' if digest is None else 'active', 0, tuple(differences))


def site_release(app: App) -> Optional[Release]:
    """The release that the site file names as its root."""
    match = re.search(re.escape(f'root {app.releases}/') + r'([0-9a-f]{64})/', read_text(app.site) or '')
    try:
        return load_release(app, match.group(1)) if match else None
    except HostError:
        return None  # a site that names no whole release: the observation says that nothing is served


def list_files(directory: str) -> Iterator[tuple]:
    """(path below directory, DirEntry) of everything but directories."""
    pending = ['']
    while pending:
        below = pending.pop()
        with os.scandir(f'{directory}/{below}') as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f'{below}{entry.name}/')
                else:
                    yield below + entry.name, entry


def checksum(entry: os.DirEntry) -> str:
    """As in `.files`: SHA-256 and `  `, for a symbolic link of its target and ` @`."""
    if entry.is_symlink():
        return sha256(os.fsencode(os.readlink(entry.path))).hexdigest() + ' @'
    if not entry.is_file():
        return 'neither file nor link'
    return sha256(read_bytes(entry.path)).hexdigest() + '  '


def file_differences(app: App, digest: str, name: str) -> list:
    recorded = read_text(f'{app.releases}/{digest}/.{name}.files')
    if recorded is None:
        return [f'{name} of release {digest} is not staged']
    expected = {line[66:]: line[:66] for line in recorded.splitlines()}
    try:
        found = {path: checksum(entry) for path, entry in list_files(f'{app.releases}/{digest}/{name}')}
    except FileNotFoundError as error:
        return [f'{error.filename} is missing']
    wrong = [f'{path} was altered' for path in expected if path in found and found[path] != expected[path]]
    wrong += [f'{path} is missing' for path in expected if path not in found]
    wrong += [f'{path} is no part of the release' for path in found if path not in expected]
    told = wrong if len(wrong) <= 5 else [*wrong[:5], f'and {len(wrong) - 5} more']
    return [f'{name}: {sentence}' for sentence in told]


def observe_components(app: App, ledger: dict) -> dict:
    """Every component that has a unit or site here or should have one: name → Observed, files included."""
    units = managed_units(app)
    site = managed_site(app)
    shown = show_units(*units)
    found = {name: observe_systemd(app, name, unit, shown[unit]) for unit, name in units.items()}
    if site:
        found[site] = observe_static(app, site, site_release(app), ledger)
    for name, observed in found.items():
        if observed.digest:
            damage = file_differences(app, observed.digest, name)
            found[name] = observed._replace(differences=(*observed.differences, *damage))
    try:
        expected = load_release(app, ledger['committed']).components if ledger['committed'] else {}
    except HostError:
        expected = {}  # not on this host: the inspection says so by its list of releases
    for name, component in expected.items():
        if name not in found:
            found[name] = Observed(component['kind'], None, 'inactive', 0, (f'{name} is not installed',))
    return found


def observe_system(app: App) -> dict:
    memory = dict(re.findall(r'^(\w+): +(\d+)', read_text('/proc/meminfo') or '', re.MULTILINE))
    total, free = int(memory['MemTotal']), int(memory['MemAvailable'])
    return {
        'uptime': int(float((read_text('/proc/uptime') or '0').split()[0])),
        'load': [round(value, 2) for value in os.getloadavg()],
        'cores': os.cpu_count() or 1,
        'memory': round(100 * (total - free) / total, 1),
        'disk': {mount: disk_use(mount) for mount in sorted(map(mount_point, ('/', app.root, STATE_ROOT)))},
    }


def mount_point(path: str) -> str:
    while path != '/' and (not os.path.exists(path) or not os.path.ismount(path)):
        path = os.path.dirname(path)
    return path


def disk_use(path: str) -> float:
    room = os.statvfs(path)
    used = room.f_blocks - room.f_bfree
    return round(100 * used / max(1, used + room.f_bavail), 1)


def timestamp() -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


def read_state_file(app: App) -> Optional[dict]:
    try:
        return json.loads(read_text(app.state_file) or 'null')
    except ValueError:
        return None  # written by us with rename, so only a stranger's file; to everybody else it is no state


def complete_releases(app: App) -> list:
    found = []
    for digest in release_digests(app):
        try:
            found.append({'digest': digest, 'version': load_complete_release(app, digest).version})
        except HostError:
            continue  # not complete: that is what this list says by leaving it out
    return found


def inspect(app: App) -> dict:
    ledger = read_ledger(app)
    observed = observe_components(app, ledger)
    intent = ledger['intent']
    return {
        'protocol': PROTOCOL,
        'hostname': os.uname().nodename,
        'time': timestamp(),
        'token': ledger['token'],
        'committed': ledger['committed'],
        'committedVersion': version_of(app, ledger['committed']),
        'intent': intent and {'run': intent['run'], 'digest': intent['digest']},
        'releases': complete_releases(app),
        'components': {
            name: {**component._asdict(), 'version': version_of(app, component.digest)}
            for name, component in sorted(observed.items())
        },
        'state': read_state_file(app),
        'system': observe_system(app),
    }


# ---- Changing --------------------------------------------------------------------------------------------------

class Change:
    """What one change does: either does it, or (`check`) only says what it would do."""

    def __init__(self, app: App, tell: Callable[[str], None], check: bool = False, at_boot: bool = False) -> None:
        self.app, self.tell, self.check, self.at_boot = app, tell, check, at_boot
        self.changed = False
        self.downtime: Optional[float] = None
        self.would: list = []
        self.diff: list = []

    def begins(self, sentence: str) -> bool:
        """True when the sentence is to be made true now."""
        self.changed = True
        self.would.append(sentence)
        if not self.check:
            self.tell(sentence)
        return not self.check

    def shows(self, path: str, before: Optional[str], after: Optional[str]) -> None:
        if before != after:
            self.diff.append({'before_header': path, 'after_header': path, 'before': before or '',
                              'after': after or ''})

    def result(self) -> dict:
        result: dict = {'changed': self.changed}
        if self.downtime is not None:
            result['downtimeMs'] = round(self.downtime * 1000)
        return {**result, 'would': self.would, 'diff': self.diff} if self.check else result


def converge_release(change: Change, digest: Optional[str]) -> list:
    """Makes the whole host what the release says; returns what is wrong with the release's own files."""
    app = change.app
    release = load_complete_release(app, digest) if digest else Release('', '', {})
    damaged = [wrong for name in release.components for wrong in file_differences(app, release.digest, name)]
    check_places_are_free(app, release.components)
    wanted = {component['unit'] for component in release.components.values() if component['kind'] == 'systemd'}
    for unit in managed_units(app):
        if unit not in wanted:
            remove_unit(change, unit)
    # Services first: a site must not lead to what does not run yet.
    for name in sorted(release.components, key=lambda name: (release.components[name]['kind'] == 'static', name)):
        converge_component(change, release, name)
    if managed_site(app) and not any(component['kind'] == 'static' for component in release.components.values()):
        remove_site(change)
    return damaged


def converge_component(change: Change, release: Release, name: str) -> None:
    if release.components[name]['kind'] == 'systemd':
        converge_systemd(change, release, name)
    else:
        converge_static(change, release, name)


def converge_systemd(change: Change, release: Release, name: str) -> None:
    app = change.app
    unit = release.components[name]['unit']
    path = f'{UNIT_ROOT}/{unit}'
    before, after = read_owned(app, path), render_unit(app, release, name)
    check_unit_is_free(app, unit)
    for other, component in managed_units(app).items():
        if component == name and other != unit:
            remove_unit(change, other)
    shown = show_units(unit)[unit]
    if before == after and observe_systemd(app, name, unit, shown).is_sound(release.digest):
        return
    change.shows(path, before, after)
    if not change.begins(f'starts {name} {release.version}'):
        return
    # The unit is written before the old process is stopped: systemd's reading it is no downtime, and a unit that it
    # does not take is found while the old one still serves.
    if before != after:
        write_with_ballast(app, path, after.encode())
    daemon_reload()
    run('systemctl', 'reset-failed', '--', unit)  # fails where there is nothing to reset; the start limit counts us not
    serving = shown['ActiveState'] not in ('inactive', 'failed') or cgroup_processes(shown['ControlGroup'])
    patience = stop_seconds(app, name)
    begun = time.monotonic()
    if serving:
        stop_unit(unit, shown['ControlGroup'], patience)
    ran = run('systemctl', 'start', '--', unit, seconds=120, late='START_FAILED')
    if serving:
        change.downtime = (change.downtime or 0) + time.monotonic() - begun
    check_started(app, release, name, ran)


def check_unit_is_free(app: App, unit: str) -> None:
    path = f'{UNIT_ROOT}/{unit}'
    read_owned(app, path)
    elsewhere = show_units(unit)[unit]['FragmentPath']
    if elsewhere not in ('', path):
        raise HostError('FOREIGN_UNIT', f'{unit} is a unit of this system ({elsewhere}): use another name')


def check_places_are_free(app: App, components: dict) -> None:
    """Before anything is changed: no unit or site that the release needs belongs to somebody else."""
    for component in components.values():
        if component['kind'] == 'static':
            read_owned(app, app.site)
        else:
            check_unit_is_free(app, component['unit'])


def stop_seconds(app: App, name: str) -> float:
    """How long the process that runs now may take to stop: longest of the releases that could be running."""
    found = [90]
    for digest in release_digests(app):
        try:
            found.append(load_release(app, digest).components.get(name, {}).get('stopTimeoutSeconds', 0))
        except HostError:
            continue  # a release that is not whole never ran
    return max(found)


def check_started(app: App, release: Release, name: str, ran: Ran) -> None:
    unit = release.components[name]['unit']
    shown = show_units(unit)[unit]
    if ran.code != 0 or shown['ActiveState'] != 'active':
        raise HostError('START_FAILED', f'{unit} of {release.version} is {shown["ActiveState"]}: {ran.told} '
                        f'Its log ends: {last_log_lines(unit)}')
    observed = observe_systemd(app, name, unit, shown)
    if not observed.is_sound(release.digest):
        raise HostError('NOT_AS_EXPECTED', f'{unit} was started but: '
                        f'{"; ".join(observed.differences) or "it runs another release"}')


def remove_unit(change: Change, unit: str) -> None:
    change.shows(f'{UNIT_ROOT}/{unit}', read_owned(change.app, f'{UNIT_ROOT}/{unit}'), None)
    if not change.begins(f'removes {unit}'):
        return
    shown = show_units(unit)[unit]
    stop_unit(unit, shown['ControlGroup'], stop_seconds(change.app, managed_units(change.app).get(unit, '')))
    os.unlink(f'{UNIT_ROOT}/{unit}')
    sync_directory(UNIT_ROOT)
    daemon_reload()
    run('systemctl', 'reset-failed', '--', unit)  # fails where there is nothing to reset


def converge_static(change: Change, release: Release, name: str) -> None:
    app, component = change.app, release.components[name]
    before = read_owned(app, app.site)
    after = render_site(app, release, name, assets_fallback(app, read_ledger(app), release, name))
    if before == after and (change.at_boot or ask_site(component) == release.digest):
        return
    change.shows(app.site, before, after)
    if change.begins(f'serves {name} {release.version}'):
        replace_site(change, after, lambda: ask_site(component) == release.digest)


def remove_site(change: Change) -> None:
    served = site_release(change.app)
    component = served.components.get(managed_site(change.app) or '') if served else None
    change.shows(change.app.site, read_owned(change.app, change.app.site), None)
    if change.begins('removes the site'):
        replace_site(change, None, lambda: component is None or ask_site(component) is None)


def replace_site(change: Change, content: Optional[str], is_live: Callable[[], bool]) -> None:
    """Writes, tests, reloads and reads back; the old file is put back when any of that fails."""
    app = change.app
    before = read_owned(app, app.site)
    write_site(app, content)
    try:
        tested = run('nginx', '-t', '-q')
        if tested.code != 0:
            raise HostError('PROXY_REFUSED', f'nginx refuses its configuration; the old site stays: {tested.told}')
        if not change.at_boot:  # then nginx is started after us
            reload_nginx(is_live)
    except BaseException:
        write_site(app, before)
        if nginx_master() and run('nginx', '-t', '-q').code == 0:
            run('nginx', '-s', 'reload')
        raise


def write_site(app: App, content: Optional[str]) -> None:
    if content is not None:
        write_with_ballast(app, app.site, content.encode())
    elif os.path.exists(app.site):
        os.unlink(app.site)
        sync_directory(SITE_ROOT)


def nginx_master() -> Optional[str]:
    pid = (read_text(NGINX_PID) or '').strip()
    return pid if pid and 'nginx' in (read_text(f'/proc/{pid}/cmdline') or '') else None


def nginx_workers() -> set:
    """Workers that still accept connections."""
    master = nginx_master()
    children = (read_text(f'/proc/{master}/task/{master}/children') or '').split() if master else []
    return {pid for pid in children if 'worker process' in (title := read_text(f'/proc/{pid}/cmdline') or '')
            and 'shutting down' not in title}


def reload_nginx(is_live: Callable[[], bool]) -> None:
    old = nginx_workers()
    ran = run('nginx', '-s', 'reload') if nginx_master() else run('systemctl', 'start', 'nginx.service')
    if ran.code != 0:
        raise HostError('PROXY_REFUSED', f'nginx does not take the site; the old one stays: {ran.told}')
    deadline = time.monotonic() + 5
    # Live means: the new answer comes, and no worker of before still takes connections.
    while old & nginx_workers() or not is_live():
        if time.monotonic() > deadline:
            raise HostError('PROXY_REFUSED', 'nginx was reloaded but does not serve the new site within 5 s (another '
                            'site with the same name or port?); the old one stays')
        time.sleep(0.01)


# ---- Operations ------------------------------------------------------------------------------------------------

def operate(request: dict, app: App, change: Change) -> None:
    {'activate': activate, 'restore': restore, 'commit': commit}[request['operation']](request, app, change)


def journal_intent(request: dict, app: App, change: Change, digest: Optional[str]) -> dict:
    if change.check:
        return read_ledger(app)
    run_name = request['token']['run']

    def intend(ledger: dict) -> dict:
        if digest == ledger['committed']:
            return {}  # on the way back; the intent is cleared when it is reached
        return {'intent': {'run': run_name, 'digest': digest, 'from': ledger['committed']}}
    return update_ledger(app, request['token'], intend)


def activate(request: dict, app: App, change: Change) -> None:
    digest, name = request['digest'], request['component']
    if change.check and not is_staged(app, digest, name):
        change.begins(f'starts {name} once it is staged')
        return
    release = load_release(app, digest)
    if name not in release.components:
        refuse(f'release {release.version} has no component {name}')
    if not is_staged(app, digest, name):
        raise HostError('NOT_STAGED', f'{name} of release {release.version} is not staged on this host')
    damaged = file_differences(app, digest, name)
    if damaged:
        raise HostError('CHECKSUM_MISMATCH', f'{"; ".join(damaged)}: stage it again')
    journal_intent(request, app, change, digest)
    converge_component(change, release, name)


def restore(request: dict, app: App, change: Change) -> None:
    digest = request['digest']
    if digest:
        load_complete_release(app, digest)
    journal_intent(request, app, change, digest)
    damaged = converge_release(change, digest)
    if not change.check:
        update_ledger(app, request['token'], lambda ledger: {'intent': None} if digest == ledger['committed'] else {})
    if damaged:
        raise HostError('NOT_AS_EXPECTED', f'restored, but: {"; ".join(damaged)}')


def commit(request: dict, app: App, change: Change) -> None:
    digest, state = request['digest'], request['state']
    if change.check and digest and digest not in release_digests(app):
        change.begins('commits once it is staged')
        return
    if digest:
        load_complete_release(app, digest)
    journal_intent(request, app, change, digest)
    damaged = converge_release(change, digest)
    if damaged:
        raise HostError('NOT_AS_EXPECTED', f'not committed: {"; ".join(damaged)}')
    if read_ledger(app)['committed'] != digest and not change.begins(f'commits {version_of(app, digest)}'):
        return
    if not change.check:
        version = version_of(app, digest)
        update_ledger(app, request['token'], lambda ledger: committed_ledger(ledger, digest, request, version))
    write_state_file(app, change, state, digest)
    if not change.check:
        tidy(app, change, request['keep'])


def committed_ledger(ledger: dict, digest: Optional[str], request: dict, version: Optional[str]) -> dict:
    previous = ledger['previous'] if ledger['committed'] == digest else ledger['committed']
    entry = {'run': request['token']['run'], 'version': version, 'digest': digest, 'time': timestamp()}
    history = ledger['history']
    if not history or history[0]['run'] != entry['run']:
        history = [entry, *history][:3]
    return {'committed': digest, 'previous': previous, 'intent': None, 'history': history}


def write_state_file(app: App, change: Change, state: Optional[dict], digest: Optional[str]) -> None:
    if state == read_state_file(app) or (state is None and digest is not None):
        return
    if not change.begins('writes the state file' if state else 'removes the state file'):
        return
    if state:
        write_with_ballast(app, app.state_file, (json.dumps(state, indent=2, ensure_ascii=False) + '\n').encode())
    else:
        os.unlink(app.state_file)
        sync_directory(STATE_ROOT)


def tidy(app: App, change: Change, keep: int) -> None:
    """After the commit, which stands: what goes wrong here is told and does not undo it."""
    for chore in (lambda: prune_releases(app, keep), lambda: ensure_ballast(app), lambda: write_capture(app)):
        try:
            chore()
        except OSError as error:
            change.tell(f'committed, but: {error}')


def prune_releases(app: App, keep: int) -> None:
    with latch(app):
        ledger = read_ledger(app)
        kept = {ledger['committed'], ledger['previous'], (ledger['intent'] or {}).get('digest')} - {None}
        digests = sorted(release_digests(app), key=lambda digest: -os.stat(f'{app.releases}/{digest}').st_mtime)
        for digest in digests:
            if len(kept) < keep or release_in_use(app, digest):
                kept.add(digest)
        doomed = [digest for digest in digests if digest not in kept]
        for digest in doomed:
            os.rename(f'{app.releases}/{digest}', f'{app.releases}/.trash-{os.getpid()}-{digest}')
    for digest in doomed:
        remove_tree(f'{app.releases}/.trash-{os.getpid()}-{digest}')


def release_in_use(app: App, digest: str) -> bool:
    directory = f'{app.releases}/{digest}/'
    for pid in filter(str.isdigit, os.listdir('/proc')):
        for link in ('cwd', 'exe'):
            try:
                if f'{os.readlink(f"/proc/{pid}/{link}")}/'.startswith(directory):
                    return True
            except OSError:
                continue  # ended meanwhile, or a kernel thread
    return False


def write_capture(app: App) -> None:
    """State capture, spec S5."""
    seen = inspect(app)
    capture = {
        'timestamp': seen['time'], 'host': seen['hostname'], 'system': seen['system'],
        'versions': {name: component['version'] for name, component in seen['components'].items()},
        'services': {name: component['state'] for name, component in seen['components'].items()},
        'deployments': read_ledger(app)['history'],
    }
    os.makedirs(CAPTURE_ROOT, exist_ok=True)
    stamp = seen['time'].replace('-', '').replace(':', '')
    write_durably(f'{CAPTURE_ROOT}/{app.name}-{stamp}.json', (json.dumps(capture, indent=2) + '\n').encode())
    pattern = re.compile(re.escape(app.name) + r'-\d{8}T\d{6}Z\.json')
    for name in sorted(filter(pattern.fullmatch, os.listdir(CAPTURE_ROOT)))[:-CAPTURES_KEPT]:
        os.unlink(f'{CAPTURE_ROOT}/{name}')


def adopt(request: dict, app: App, change: Change) -> None:
    if change.check:
        check_fence(app, request)
        change.begins(f'adopts incarnation {request["token"]["incarnation"]}')
        return
    change.changed = accept_token(app, request)
    stop_older(app, request['token'])
    entry = {'time': timestamp(), 'operation': 'adopt', 'token': request['token'], 'reason': request['reason']}
    with open(f'{app.state}/audit.jsonl', 'a', encoding='utf-8') as file:
        file.write(canonical_json(entry) + '\n')
        file.flush()
        os.fsync(file.fileno())


# ---- Staging ---------------------------------------------------------------------------------------------------

class Input:
    """Standard input: one line, then bytes. A sender that says nothing for INPUT_SECONDS is given up."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.rest = descriptor, b''

    def _receive(self) -> bytes:
        if not select.select([self.descriptor], [], [], INPUT_SECONDS)[0]:
            raise HostError('TRUNCATED', f'nothing arrived for {INPUT_SECONDS} s')
        return os.read(self.descriptor, 1 << 18)

    def line(self) -> bytes:
        pieces = []
        count = 0
        while True:
            piece = self._receive()
            head, newline, rest = piece.partition(b'\n')
            pieces.append(head)
            count += len(head)
            if newline or not piece:
                self.rest = rest
                return b''.join(pieces)
            if count > REQUEST_BYTES:
                refuse('the request is too long')

    def pieces(self, size: int) -> Iterator[bytes]:
        """Exactly `size` bytes, with progress."""
        received, told, when = 0, 0, time.monotonic()
        while received < size:
            piece = (self.rest or self._receive())[:size - received]
            self.rest = self.rest[len(piece):]
            if not piece:
                raise HostError('TRUNCATED', f'{received} of {size} bytes arrived')
            received += len(piece)
            yield piece
            if received - told >= 4 << 20 or time.monotonic() - when >= 1 or received == size:
                told, when = received, time.monotonic()
                print_progress('received', received)


def stage(request: dict, app: App, change: Change, source: Input) -> None:
    manifest, digest, name, secrets = (request[field] for field in ('manifest', 'digest', 'component', 'secrets'))
    check_manifest(manifest, app)
    if digest_of(manifest) != digest:
        raise HostError('CHECKSUM_MISMATCH', f'the manifest has digest {digest_of(manifest)}, not {digest}')
    component = manifest['components'].get(name) or refuse(f'release {manifest["version"]} has no component {name}')
    if sorted(table(secrets, 'secrets')) != sorted(component.get('secrets', [])):
        refuse(f'{name}: the secrets given are not those of the manifest')
    environment = render_environment({key: text(value, f'secret {key}', SECRET) for key, value in secrets.items()})
    if change.check:
        check_fence(app, request)
    else:
        accept_token(app, request)
        ensure_ballast(app)
        os.makedirs(app.releases, exist_ok=True)
        sweep(app)
    check_places_are_free(app, {name: component})
    present = is_staged(app, digest, name) and not file_differences(app, digest, name)
    if present and (not secrets or read_text(f'{app.releases}/{digest}/.{name}.env') == environment):
        drop_archive(source, component['artifact'], change)
    elif present:
        if change.begins(f'replaces the secrets of {name}'):
            write_durably(f'{app.releases}/{digest}/.{name}.env', environment.encode(), 0o600)
        drop_archive(source, component['artifact'], change)
    elif change.begins(f'stages {name} {manifest["version"]}'):
        receive(request, app, source, component['artifact'], environment if secrets else None)


def drop_archive(source: Input, artifact: dict, change: Change) -> None:
    if not change.check:
        for _ in source.pieces(artifact['size']):
            pass


def receive(request: dict, app: App, source: Input, artifact: dict, environment: Optional[str]) -> None:
    scratch = f'{app.releases}/.staging-{os.getpid()}-{time.time_ns()}'
    os.mkdir(scratch, 0o700)
    try:
        total = sha256()
        with open(f'{scratch}/archive', 'wb') as archive:
            for piece in source.pieces(artifact['size']):
                total.update(piece)
                archive.write(piece)
        if total.hexdigest() != artifact['sha256']:
            raise HostError('CHECKSUM_MISMATCH', f'{artifact["file"]} has SHA-256 {total.hexdigest()}, not '
                            f'{artifact["sha256"]}')
        print_progress('unpacking')
        os.mkdir(f'{scratch}/files', 0o755)
        listing = unpack(f'{scratch}/archive', f'{scratch}/files')
        os.unlink(f'{scratch}/archive')
        sync_file_system(scratch)
        publish(request, app, scratch, listing, environment)
    except OSError as error:
        if is_disk_full(error):
            raise HostError('DISK_FULL', f'the disk of {app.root} is full: make room, then stage again') from error
        raise
    finally:
        remove_tree(scratch)


def publish(request: dict, app: App, scratch: str, listing: list, environment: Optional[str]) -> None:
    """The moment at which a component becomes visible; whole, since `.files` is written last."""
    name, directory = request['component'], f'{app.releases}/{request["digest"]}'
    with latch(app):
        held = read_ledger(app)['token']
        if any(held[key] != request['token'][key] for key in ('incarnation', 'epoch', 'run')):
            raise HostError('FENCED', f'run {held["run"]} has taken this host over while {name} was being staged')
        os.makedirs(directory, exist_ok=True)
        write_durably(f'{directory}/manifest.json', canonical_json(request['manifest']).encode())
        if environment is not None:
            write_durably(f'{directory}/.{name}.env', environment.encode(), 0o600)
        if os.path.lexists(f'{directory}/{name}'):
            # Left half-published by a power loss, or altered since: out of the way. What still runs from it is seen
            # by its /proc entries to run from no release, and is restarted by the activation.
            if is_staged(app, request['digest'], name):
                os.unlink(f'{directory}/.{name}.files')
            os.rename(f'{directory}/{name}', f'{scratch}/replaced')
        os.rename(f'{scratch}/files', f'{directory}/{name}')
        sync_directory(directory)
        write_durably(f'{directory}/.{name}.files', ''.join(listing).encode())
        sync_directory(app.releases)


def sync_file_system(path: str) -> None:
    """All files of the scratch directory at once; one fsync for each would take seconds."""
    import ctypes
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), 'syncfs', path)
    finally:
        os.close(descriptor)


def sweep(app: App) -> None:
    """Removes what stagings and prunings left that did not live to do it themselves."""
    for name in os.listdir(app.releases):
        match = re.fullmatch(r'\.(?:staging|trash)-(\d+)-.*', name)
        path = f'{app.releases}/{name}'
        try:
            if match and (not os.path.exists(f'/proc/{match.group(1)}')
                          or time.time() - os.stat(path).st_mtime > SCRATCH_SECONDS):
                remove_tree(path)
        except FileNotFoundError:
            continue  # its owner was faster


def refuse_archive(message: str) -> Any:
    raise HostError('ARCHIVE_REFUSED', message)


def safe_path(name: str) -> str:
    """A member's path below the component's directory; '' for the directory itself."""
    path = name[2:] if name.startswith('./') else name
    path = path.rstrip('/')
    if path in ('', '.'):
        return ''
    if path.startswith('/') or len(path) > 1024 or not LINE.fullmatch(path) or any(
            part in ('', '.', '..') or len(part.encode()) > 255 for part in path.split('/')):
        refuse_archive(f'the archive has a path that is not allowed: {path!r}')
    return path


def unpack(archive: str, target: str) -> list:
    """Unpacks an untrusted .tar.gz; returns the lines of `.files`. Nothing outside of target is ever written: a parent
    that is a link is refused, and links that lead outside fail the whole."""
    import gzip
    import tarfile
    import zlib

    class Bounded(gzip.GzipFile):
        def read(self, size: int = -1) -> bytes:  # a header that claims to be huge must not be read into memory
            if not 0 <= size <= 16 << 20:
                refuse_archive('the archive has a header that is too large')
            return super().read(size)

    listing: dict = {}
    counted = size = 0
    try:
        with Bounded(archive, 'rb') as stream, tarfile.open(fileobj=stream, mode='r:', errorlevel=2) as members:
            for member in members:
                counted, size = counted + 1, size + max(0, member.size)
                if counted > MAX_FILES or size > MAX_UNPACKED_BYTES:
                    refuse_archive(f'the archive has more than {MAX_FILES} files or {MAX_UNPACKED_BYTES} bytes')
                path = safe_path(member.name)
                if path:
                    unpack_member(members, member, target, path, listing)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError) as error:
        raise HostError('ARCHIVE_REFUSED', f'the archive cannot be read: {error}') from error
    for path, line in listing.items():
        if line[64:66] == ' @' and not is_inside(f'{target}/{path}', target):
            refuse_archive(f'the link {path} leads outside')
    return [f'{line}{path}\n' for path, line in sorted(listing.items())]


def is_inside(path: str, directory: str) -> bool:
    return f'{os.path.realpath(path)}/'.startswith(f'{os.path.realpath(directory)}/')


def unpack_member(members: Any, member: Any, target: str, path: str, listing: dict) -> None:
    full = f'{target}/{path}'
    make_directories(target, path if member.isdir() else os.path.dirname(path))
    if member.isdir():
        return
    if os.path.lexists(full):
        refuse_archive(f'the archive has {path} twice')
    if member.isreg():
        listing[path] = unpack_file(members.extractfile(member), full, 0o755 if member.mode & 0o111 else 0o644)
    elif member.issym():
        if member.linkname.startswith('/') or not LINE.fullmatch(member.linkname):
            refuse_archive(f'the link {path} leads outside')
        os.symlink(member.linkname, full)
        listing[path] = sha256(os.fsencode(member.linkname)).hexdigest() + ' @'
    elif member.islnk():
        linked = safe_path(member.linkname)
        if listing.get(linked, ' @')[64:66] != '  ':
            refuse_archive(f'the hard link {path} leads to no file of this archive')
        os.link(f'{target}/{linked}', full)
        listing[path] = listing[linked]
    else:
        refuse_archive(f'{path} is neither file, directory nor link')


def make_directories(target: str, path: str) -> None:
    full = target
    for part in filter(None, path.split('/')):
        full = f'{full}/{part}'
        if os.path.islink(full) or (os.path.lexists(full) and not os.path.isdir(full)):
            refuse_archive(f'the archive has a path through {full[len(target) + 1:]}, which is no directory')
        if not os.path.exists(full):
            os.mkdir(full, 0o755)


def unpack_file(content: Any, path: str, mode: int) -> str:
    # Times of the archive are not kept: nginx derives ETags from time and size, and two releases from a reproducible
    # build would share them.
    total = sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, 'wb') as file:
        while piece := content.read(1 << 20):
            total.update(piece)
            file.write(piece)
    return total.hexdigest() + '  '


# ---- Transient units -------------------------------------------------------------------------------------------

def boot_id() -> str:
    return (read_text('/proc/sys/kernel/random/boot_id') or '').strip()


def unit_name(app: App, token: dict) -> str:
    return f'safeguard-{app.name}-{token["run"]}-{token["step"]}-{token["try"]}.service'


def identity_of(request: dict) -> str:
    """The same request, whichever attempt asks."""
    return digest_of({**request, 'token': {**request['token'], 'attempt': 0}})


def read_result(app: App, unit: str, request: dict) -> Optional[dict]:
    """The line that a change ended with; None when it has not ended, or ended before a reboot: then look again."""
    found = json.loads(read_text(f'{app.results}/{unit}.json') or 'null')
    if found is None or found['boot'] != boot_id():
        return None
    if found['request'] != identity_of(request):
        refuse(f'{unit} was another request: a new one needs a new step or try')
    return found['line']


def is_running(unit: str) -> bool:
    return show_units(unit)[unit]['ActiveState'] not in ('inactive', 'failed')


def stop_older(app: App, token: dict) -> None:
    """Ends changes of this application that are still going on for older tokens, and waits until they are gone."""
    mine = unit_name(app, token)
    for name in os.listdir(app.run):
        unit = name[:-5]
        if not name.endswith('.service.json') or unit == mine:
            continue
        try:
            other = json.loads(read_bytes(f'{app.run}/{name}'))['token']
        except FileNotFoundError:
            continue  # it has just ended
        if other['incarnation'] == token['incarnation']:
            fence(other, token, 'stop', False)  # it may have come after us
        shown = show_units(unit)[unit]
        stop_unit(unit, shown['ControlGroup'], 20)
        for leftover in (f'{app.run}/{name}', f'{app.run}/{unit}.phase'):
            remove_if_there(leftover)


def remove_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def change_in_unit(request: dict, app: App) -> dict:
    """Carries a change out in its own transient unit, or finds the one that does; returns its last line."""
    accept_token(app, request)
    unit = unit_name(app, request['token'])
    line = read_result(app, unit, request)
    if line:
        return line
    stop_older(app, request['token'])
    path = f'{app.run}/{unit}.json'
    if not os.path.exists(path) or not is_running(unit):
        line = read_result(app, unit, request)  # it may have ended while we looked
        if line:
            return line
        launch(request, app, unit, path)
    return follow(request, app, unit)


def launch(request: dict, app: App, unit: str, path: str) -> None:
    remove_if_there(f'{app.results}/{unit}.json')
    write_durably(path, canonical_json(request).encode(), 0o600)
    ran = run('systemd-run', '--quiet', '--collect', '--no-ask-password', f'--unit={unit}', '--service-type=exec',
              f'--description=safeguard {request["operation"]} {app.name}', '--property=TimeoutStopSec=15',
              '--property=RuntimeMaxSec=1800', PROGRAM, 'execute', app.name, unit)
    if ran.code != 0 and not is_running(unit):
        raise HostError('INTERNAL', f'systemd-run cannot start {unit}: {ran.told}')


def follow(request: dict, app: App, unit: str) -> dict:
    told, looked = '', time.monotonic()
    while True:
        line = read_result(app, unit, request)
        if line:
            return line
        if time.monotonic() - looked > 1:
            looked = time.monotonic()
            if not is_running(unit):
                return read_result(app, unit, request) or without_result(app, request, unit)
            told = ''
        phase = read_text(f'{app.run}/{unit}.phase') or f'waiting for {unit}'
        if phase != told:
            print_progress(phase)
            told = phase
        time.sleep(0.005)


def without_result(app: App, request: dict, unit: str) -> dict:
    check_fence(app, request)
    raise HostError('INTERNAL', f'{unit} ended without a result: look at the host, and at journalctl -u {unit}')


def execute(name: str, unit: str) -> int:
    """Inside the transient unit."""
    app = find_app(name)
    path = f'{app.run}/{unit}.json'
    request = json.loads(read_bytes(path))
    # A higher attempt of the same try attaches to us; it must not fence us.
    request['token']['attempt'] = 2**53

    def tell(phase: str) -> None:
        print(phase, flush=True)
        with open(f'{app.run}/{unit}.phase.new', 'w', encoding='utf-8') as file:
            file.write(phase)
        os.rename(f'{app.run}/{unit}.phase.new', f'{app.run}/{unit}.phase')

    def work() -> dict:
        with change_lock(app):
            pass_gate(app, tell)
            check_fence(app, request)
            change = Change(app, tell)
            operate(request, app, change)
            return change.result()

    line = answer(work)
    print(json.dumps(line), flush=True)
    result = {'boot': boot_id(), 'request': identity_of(request), 'line': line}
    # In memory: it counts until the next boot only, and a change that succeeded must not fail for want of room to say so.
    write_durably(f'{app.results}/{unit}.json', json.dumps(result).encode(), 0o600)
    for leftover in (path, f'{app.run}/{unit}.phase'):
        remove_if_there(leftover)
    results = sorted(os.listdir(app.results), key=lambda name: os.stat(f'{app.results}/{name}').st_mtime)
    for old in results[:-RESULTS_KEPT]:
        os.unlink(f'{app.results}/{old}')
    return 0


# ---- Boot ------------------------------------------------------------------------------------------------------

def pass_gate(app: App, tell: Callable[[str], None]) -> None:
    """Once a boot, before anything else: back to the committed release. Whoever comes first does it, so that a change
    which arrives early is not undone by a gate which comes late. A failure is told and left to the change."""
    try:
        open_gate(app, tell, at_boot=False)
    except HostError as error:
        tell(f'boot gate: {error.code}: {error}')


def open_gate(app: App, tell: Callable[[str], None], at_boot: bool) -> None:
    marker = f'{app.run}/gated'
    ledger = read_ledger(app)
    if os.path.exists(marker):
        return
    if ledger['committed'] or ledger['intent']:
        for wrong in converge_release(Change(app, tell, at_boot=at_boot and not nginx_master()), ledger['committed']):
            tell(wrong)
        update_ledger(app, None, lambda _: {'intent': None})
    with open(marker, 'w', encoding='utf-8') as file:
        file.write(timestamp())


def gate() -> int:
    failed = 0
    configuration = read_configuration()
    for name in sorted(configuration):
        try:
            app = find_app(name, configuration)
            if not os.path.exists(app.ledger):
                continue
            ensure_state(app)
            with change_lock(app):
                open_gate(app, lambda sentence: print(f'{name}: {sentence}', flush=True), at_boot=True)
        except (HostError, OSError) as error:
            failed += 1
            print(f'{name}: {error}', file=sys.stderr, flush=True)
    return 1 if failed else 0


def may_start(name: str, digest: str) -> int:
    # Not by find_app: a service that crashed must come back although host.json is being rewritten.
    if not NAME_PAIR.fullmatch(name):
        return 1
    ledger = read_ledger(App(name, '', '', (), ()))
    allowed = digest in (ledger['committed'], (ledger['intent'] or {}).get('digest'))
    if not allowed:
        print(f'{digest} is neither the committed release nor the one being deployed: not started', file=sys.stderr)
    return 0 if allowed else 1


# ---- The program -----------------------------------------------------------------------------------------------

def answer(work: Callable[[], dict]) -> dict:
    """The last line: what work returned, or why it did not."""
    try:
        return {'type': 'result', 'result': work()}
    except HostError as error:
        return {'type': 'error', 'code': error.code, 'message': str(error)}
    except OSError as error:
        code = 'DISK_FULL' if is_disk_full(error) else 'INTERNAL'
        return {'type': 'error', 'code': code, 'message': f'{type(error).__name__}: {error}'}
    except Exception as error:  # pylint: disable=broad-except  # the rim: the caller must get an answer
        import traceback
        traceback.print_exc()
        return {'type': 'error', 'code': 'INTERNAL', 'message': f'{type(error).__name__}: {error}'}


def serve(source: Input) -> dict:
    """One request."""
    try:
        request = check_request(json.loads(source.line() or b'null'))
    except ValueError as cause:
        raise HostError('BAD_REQUEST', f'the request is no JSON: {cause}') from cause
    app = find_app(f'{request["application"]}-{request["environment"]}')
    operation, check = request['operation'], bool(request.pop('check', False))
    if operation == 'inspect':
        return {'type': 'result', 'result': inspect(app)}
    if operation not in ('stage', 'adopt') and not check:
        return change_in_unit(request, app)
    change = Change(app, print_progress, check)
    if operation == 'stage':
        stage(request, app, change, source)
    elif operation == 'adopt':
        adopt(request, app, change)
    else:
        check_fence(app, request)
        operate(request, app, change)
    return {'type': 'result', 'result': change.result()}


def respond() -> int:
    outcome = answer(lambda: serve(Input(0)))
    line = outcome['result'] if outcome['type'] == 'result' else outcome
    emit(line)
    return 0 if line['type'] == 'result' else 1


# ---- The Ansible module ----------------------------------------------------------------------------------------

DOCUMENTATION = r'''
module: safeguard_host
short_description: Looks at or changes a host through the installed safeguard-host (WANT_JSON)
description:
  - Arguments are the fields of a request (src/domain/host-protocol.ts) without C(protocol).
  - O(archive) names the file on the host that C(stage) reads; O(digest) of C(stage) follows from the manifest.
  - In check mode nothing is changed; what would change is in RV(would) and, with diff, in RV(diff).
'''


def ansible_module(path: str) -> int:
    task = json.loads(read_bytes(path))
    request = {key: value for key, value in task.items() if not key.startswith('_ansible')}
    archive = request.pop('archive', None)
    request['protocol'] = PROTOCOL
    if 'manifest' in request:
        request.setdefault('digest', digest_of(request['manifest']))
    for name, value in request.get('token', {}).items():
        if name in ('epoch', 'step', 'try', 'attempt') and isinstance(value, str) and value.isdigit():
            request['token'][name] = int(value)  # older Ansible makes strings of what it templates
    if task.get('_ansible_check_mode') and request.get('operation') != 'inspect':
        request['check'], archive = True, None
    line = call_program(request, archive)
    if line.get('type') != 'result':
        print(json.dumps({'failed': True, 'changed': False, 'code': line.get('code'),
                          'msg': f'{line.get("code")}: {line.get("message")}'}))
        return 1
    result = line['result']
    print(json.dumps({'changed': bool(result.get('changed')), 'result': result, 'digest': request.get('digest'),
                      **{key: result[key] for key in ('would', 'diff') if key in result}}))
    return 0


def call_program(request: dict, archive: Optional[str]) -> dict:
    import subprocess
    command = [PROGRAM] if os.geteuid() == 0 else ['sudo', '-n', PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # The answers are few and short, so they fit the pipe while the archive is written.
        try:
            process.stdin.write(json.dumps(request).encode() + b'\n')
            if archive:
                import shutil
                with open(archive, 'rb') as file:
                    shutil.copyfileobj(file, process.stdin, 1 << 20)
            process.stdin.close()
        except BrokenPipeError:
            process.stdin = None  # it refused early and says why
        lines = process.stdout.read().splitlines()
        errors = process.stderr.read().decode('utf-8', 'replace').strip()
    return json.loads(lines[-1]) if lines else {'code': 'INTERNAL', 'message': errors or 'safeguard-host said nothing'}


def main(arguments: list) -> int:
    os.umask(0o022)
    if not arguments:
        return respond()
    if arguments[0] == 'may-start' and len(arguments) == 3:
        return may_start(arguments[1], arguments[2])
    if arguments[0] == 'execute' and len(arguments) == 3:
        return execute(arguments[1], arguments[2])
    if arguments == ['gate']:
        return gate()
    if len(arguments) == 1 and os.path.isfile(arguments[0]):
        return ansible_module(arguments[0])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
