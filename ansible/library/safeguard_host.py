#!/usr/bin/python3
"""The only thing that changes a host. See docs/architecture.md, "A host".

As `/usr/local/sbin/safeguard-host` (root):
  (no argument)                 reads one JSON request line on standard input, answers in JSON lines; or stays for many (`stay`)
  gate                          at boot: converges every application to its committed release
  lease <AE>                    inside the lease's unit: goes back when the lease of the run that serves here runs out
Ansible calls it as everybody does, over SSH and sudo: ansible/action_plugins/safeguard_host.py.
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

PROTOCOL = 2
PROGRAM = '/usr/local/sbin/safeguard-host'
HOST_CONFIGURATION = '/etc/safeguard/host.json'
STATE_ROOT = '/var/lib'
RUN_ROOT = '/run/safeguard'
UNIT_ROOT = '/etc/systemd/system'
SITE_ROOT = '/etc/nginx/conf.d'
CAPTURE_ROOT = '/var/backups/deployment-state'
FORENSICS_ROOT = '/var/backups/deployment-forensics'
CGROUP_ROOTS = ('/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd')
ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'SYSTEMD_COLORS': '0'}
NGINX_PID = '/run/nginx.pid'
NGINX_ERROR_LOG = '/var/log/nginx/error.log'

SLOT_BYTES = 16 * 1024
BALLAST_BYTES = 4 * 1024 * 1024
REQUEST_BYTES = 4 * 1024 * 1024
PIPE_BYTES = 64 * 1024
LOCK_SECONDS = 30
SYSTEMD_SECONDS = 60
INPUT_SECONDS = 30
# A worker lets go of a process that stays long before; this is for one that is frozen, or lost without a word.
STAY_SECONDS = 60
RESULTS_KEPT = 20
CAPTURES_KEPT = 10
MAX_FILES = 20_000
MAX_UNPACKED_BYTES = 4 * 1024**3
MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS_OF_A_MEMBER = 8
UNPACK_SECONDS = 300
# What serves goes on writing its logs while an archive is unpacked.
UNPACK_FREE_BYTES = 32 << 20
SCRATCH_SECONDS = 3600
LEASE_LOOK_SECONDS = 0.5
LEASE_RETRY_SECONDS = 5
PEERS_SECONDS = 3
# How long files that were found whole are believed to be so while nothing says otherwise.
SEEN_SECONDS = 600
# Times of files are no finer than a tick of the kernel, 10 ms at most.
TIMESTAMP_SECONDS = 0.1
REASON_CHARACTERS = 300

# Held equal to HOST_ERROR_CODES in src/domain/host-protocol.ts by a test.
ERROR_CODES = (
    'BAD_REQUEST', 'PROTOCOL_MISMATCH', 'NOT_ALLOWED', 'FENCED', 'TOKEN_MISSING', 'UNKNOWN_INCARNATION', 'BUSY',
    'CHECKSUM_MISMATCH', 'ARCHIVE_REFUSED', 'TRUNCATED', 'NOT_STAGED', 'DISK_FULL', 'FOREIGN_UNIT', 'STOP_FAILED',
    'START_FAILED', 'PROXY_REFUSED', 'NOT_AS_EXPECTED', 'LEASE_LAPSED', 'INTERNAL',
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
DIGEST_WORD = re.compile(r'[0-9a-f]{64}\b')
RELEASE_HEADER = re.compile(rb'\r\nX-Safeguard-Release: ([0-9a-f]{64})\r\n')
MEMORY_LINE = re.compile(r'^(\w+): +(\d+)', re.MULTILINE)
UNIT = re.compile(r'(?!safeguard)[a-z0-9@-]+\.service')
VARIABLE = re.compile(r'[A-Z_][A-Z0-9_]*')
RUN = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}')
INCARNATION = re.compile(r'[A-Za-z0-9-]{1,64}')
USER = re.compile(r'[a-z_][a-z0-9_-]{0,31}')
ROOT = re.compile(r'(/[A-Za-z0-9_][A-Za-z0-9._-]*)+')
PREFIX = re.compile(r'/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/?)+')
SERVER_NAME = re.compile(r'(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]{0,251})')
# 64 of these have to fit into the ledger's slot.
PEER = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,159}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]{1,15})?')
# No engine takes it for an option.
CONTAINER = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.-]{0,254}')
COMMAND = re.compile(r'(\{release\})?(/[A-Za-z0-9_+@][A-Za-z0-9._+@-]*)+')
LINE = re.compile(r'[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*')
SECRET = re.compile(r'[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]*')

TOKEN_FIELDS = ('incarnation', 'epoch', 'run', 'step', 'try', 'attempt')
STATE_FIELDS = ('current_version', 'previous_version', 'last_deploy_timestamp', 'deploy_start', 'deploy_runner',
                'deployed_by', 'deployment_id', 'git_sha')
OPERATION_FIELDS = {
    'inspect': (),
    'engine': ('engine', 'container', 'limit'),
    'forensics': ('token', 'version', 'logs', 'limit'),
    'compose': ('token', 'manifest', 'digest', 'sources'),
    'stage': ('token', 'manifest', 'digest', 'component', 'secrets'),
    'activate': ('token', 'digest', 'component', 'lease'),
    'renew': ('token', 'lease'),
    'prepare': ('token', 'digest', 'peers'),
    'restore': ('token', 'digest'),
    'commit': ('token', 'digest', 'state', 'keep', 'peers'),
    'withdraw': ('token', 'reason'),
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
           ('check', 'manifests') if operation == 'inspect' else ('check',))
    text(request['application'], 'application', NAME)
    text(request['environment'], 'environment', NAME)
    if 'token' in request:
        check_token(request['token'])
    if 'component' in request:
        text(request['component'], 'component', NAME)
    if 'digest' in request and (request['digest'] is not None or operation not in ('restore', 'commit')):
        text(request['digest'], 'digest', DIGEST)
    if 'reason' in request:
        text(request['reason'], 'reason')
    if 'manifests' in request:
        check_digests(request['manifests'])
    if 'lease' in request:
        whole(request['lease'], 'lease', 5, 3600)
    if 'peers' in request:
        check_peers(request['peers'])
    if operation == 'commit':
        check_commit(request)
    if operation == 'engine':
        check_engine(request)
    return request


def check_engine(request: dict) -> None:
    if request['engine'] not in ENGINES:
        refuse(f'engine: {request["engine"]!r} is none of {", ".join(ENGINES)}')
    if request['container'] is not None:
        text(request['container'], 'container', CONTAINER)
    whole(request['limit'], 'limit', 1, 3600)


def check_peers(peers: Any) -> None:
    if not isinstance(peers, list) or len(peers) > 64:
        refuse('peers is not a list of at most 64 addresses')
    for peer in peers:
        text(peer, 'peers', PEER)


def check_digests(digests: Any) -> None:
    if not isinstance(digests, list) or len(digests) > 10:
        refuse('manifests is not a list of at most 10 digests')
    for digest in digests:
        text(digest, 'manifests', DIGEST)


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
                             'stopTimeoutSeconds'), ('releasedAs',))
    check_artifact(name, component['artifact'])
    if 'releasedAs' in component:
        text(component['releasedAs'], f'{name}.releasedAs', VERSION)
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
    def seen(self) -> str: return f'{self.run}/seen'
    @property
    def lease(self) -> str: return f'{self.run}/lease'
    @property
    def startable(self) -> str: return f'{self.run}/startable'
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
    except (FileNotFoundError, ProcessLookupError):  # the latter: below /proc, of a process that ended meanwhile
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
    os.makedirs(app.startable, mode=0o700, exist_ok=True)
    os.makedirs(app.results, mode=0o700, exist_ok=True)


def ensure_ballast(app: App) -> None:
    if os.path.exists(app.ballast):
        return
    room = os.statvfs(app.state)
    if room.f_bavail * room.f_frsize > 8 * BALLAST_BYTES:
        preallocate(app.ballast, BALLAST_BYTES)


# ---- Ledger: token and journal ---------------------------------------------------------------------------------

EMPTY_LEDGER = {'sequence': 0, 'token': None, 'committed': None, 'previous': None, 'intent': None, 'history': [],
                'withheld': None, 'lapsed': None, 'peers': [], 'served': []}
# Of so many releases a host knows that they were committed once; as many as it can be told to keep.
SERVED = 50


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
    if checksum.decode('ascii', 'replace') != sha256(body).hexdigest():
        return None
    return {**EMPTY_LEDGER, **json.loads(body)}  # one of an older program lacks the newer fields


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
    forbid_starts(app, ledger)
    descriptor = os.open(app.ledger, os.O_WRONLY)
    try:
        os.pwrite(descriptor, encode_slot(ledger), ledger['sequence'] % 2 * SLOT_BYTES)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def may_start(ledger: dict, digest: str) -> bool:
    return not ledger['withheld'] and digest in (ledger['committed'], (ledger['intent'] or {}).get('digest'))


def forbid_starts(app: App, ledger: dict) -> None:
    """Before the ledger says so, so that nothing is ever startable that it does not allow. Only with the latch held."""
    for digest in os.listdir(app.startable):
        if not may_start(ledger, digest):
            os.unlink(f'{app.startable}/{digest}')


def allow_start(app: App, digest: str) -> None:
    """A condition of the release's units (`render_unit`), which systemd looks at by itself. Gone after a boot, until the gate
    or a change has decided."""
    with latch(app):
        if may_start(read_ledger(app), digest):
            os.close(os.open(f'{app.startable}/{digest}', os.O_WRONLY | os.O_CREAT, 0o600))


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


def is_same_run(held: Optional[dict], asked: dict) -> bool:
    return held is not None and all(held[key] == asked[key] for key in ('incarnation', 'epoch', 'run'))


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


def fence_renewal(held: Optional[dict], asked: dict, releases_exist: bool) -> None:
    """A renewal speaks for the run that was accepted last, at whichever step that is, and for nobody else."""
    fence(held and {**held, 'step': 0, 'try': 0, 'attempt': 0}, asked, 'renew', releases_exist)
    if not is_same_run(held, asked):
        raise HostError('FENCED', f'this host has not accepted run {asked["run"]} (epoch {asked["epoch"]}): nothing of '
                        'it is there to be renewed')


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
            lapsed = ledger['lapsed'] if is_same_run(held, request['token']) else None
            write_ledger(app, {**ledger, 'token': request['token'], 'lapsed': lapsed})
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
    environment.update(PORT=str(component['port']), SAFEGUARD_VERSION=component.get('releasedAs', release.version))
    lines = [
        app.mark(name),
        '# Written by safeguard-host: changes made here are found and replaced.',
        '[Unit]',
        f'Description={app.name} {name} {release.version}',
        'After=network.target',
        'StartLimitIntervalSec=60',
        'StartLimitBurst=10',
        f'ConditionPathExists={app.startable}/{release.digest}',
        '',
        '[Service]',
        'Type=exec',
        f'User={component["user"]}',
        f'WorkingDirectory={directory}',
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
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=seconds, env=ENVIRONMENT, check=False)
    except subprocess.TimeoutExpired as cause:
        raise HostError(late, f'{" ".join(arguments[:4])} did not end within {seconds} s') from cause
    except OSError as cause:
        raise HostError('INTERNAL', f'{arguments[0]} cannot be run: {cause}') from cause
    return Ran(done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace'))


SHOWN = ('Id', 'LoadState', 'ActiveState', 'MainPID', 'NRestarts', 'ControlGroup', 'NeedDaemonReload', 'FragmentPath',
         'ExecMainStartTimestampMonotonic', 'InactiveEnterTimestampMonotonic')


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
    import errno
    if control_group in ('', '/'):
        return []
    found = []
    for root in CGROUP_ROOTS:
        for directory, _, _ in os.walk(root + control_group):
            try:
                found += read_bytes(f'{directory}/cgroup.procs').split()
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENODEV):
                    raise
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


def be_forgotten(unit: str) -> None:
    """systemd forgets a unit that has stopped, and reads its file when it is asked to start it. Not one that ended badly, until
    that is reset; nor one that another unit names: only then it has to read the files of all units again, which takes far
    longer."""
    shown = show_units(unit)[unit]
    # Not forgotten: the start limit goes on counting, too. One that never got as far as to run has no such time.
    if shown['ActiveState'] == 'failed' or shown['InactiveEnterTimestampMonotonic'] != '0':
        run('systemctl', 'reset-failed', '--', unit)
        shown = show_units(unit)[unit]
    if shown['NeedDaemonReload'] == 'yes':
        daemon_reload()


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
    return digests_below(app, ' '.join([*links, arguments]))


def digests_below(app: App, words: str) -> set:
    """Releases whose directories are named in them."""
    return {match.group() for rest in words.split(f'{app.releases}/')[1:] if (match := DIGEST_WORD.match(rest))}


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


def ask_site(component: dict, address: str = '127.0.0.1', seconds: float = 2) -> Optional[str]:
    """The digest that nginx answers with just now; None when there is no such answer."""
    import socket
    host = component['serverName'].replace('*', 'safeguard')
    request = f'HEAD /version.txt HTTP/1.0\r\nHost: {"localhost" if host == "_" else host}\r\n\r\n'
    answer = b''
    try:
        with socket.create_connection((address, component['listen']), timeout=seconds) as connection:
            connection.sendall(request.encode())
            while b'\r\n\r\n' not in answer and len(answer) < 65536:
                piece = connection.recv(8192)
                if not piece:
                    break
                answer += piece
    except (OSError, UnicodeError):  # the latter: a name that the resolver does not take
        return None
    match = RELEASE_HEADER.search(answer)
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
    root = (read_text(app.site) or '').partition(f'root {app.releases}/')[2]
    match = DIGEST_WORD.match(root)
    try:
        return load_release(app, match.group()) if match else None
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


def differences(app: App, digest: str, name: str) -> list:
    """As file_differences, which within one run would read the same files half a dozen times: those that were found
    whole a moment ago, and that the file system has not noted anything of since, are not read again."""
    seen = f'{app.seen}/{digest}.{name}'
    traces = traces_of(app, digest, name)
    until, _, known = (read_text(seen) or '').partition(' ')
    if traces and known == traces[0] and float(until) > clock():
        return []
    found = file_differences(app, digest, name)
    # What was written just now could be written again without another time of change.
    if traces and not found and traces[1] < time.time() - TIMESTAMP_SECONDS:
        remember(app, seen, f'{clock() + SEEN_SECONDS} {traces[0]}')
    return found


def remember_written(app: App, digest: str, name: str, private_until: float) -> None:
    """What we have unpacked, summed up and synced where nobody else could write needs no reading either, unless it was changed
    after it was published."""
    traces = traces_of(app, digest, name)
    if traces and traces[1] <= private_until:
        remember(app, f'{app.seen}/{digest}.{name}', f'{clock() + SEEN_SECONDS} {traces[0]}')


def remember(app: App, path: str, words: str) -> None:
    if not os.path.isdir(app.run):
        return  # nothing was ever changed here since the boot; who only looks makes no directories
    try:
        os.makedirs(app.seen, mode=0o700, exist_ok=True)
        write_durably(path, words.encode(), 0o600)
    except OSError:
        return  # then it is read again the next time, and nothing else


def traces_of(app: App, digest: str, name: str) -> Optional[tuple]:
    """(what any change of a component's files would change, when the last change was); None when it is not all there."""
    last, total = 0.0, sha256((read_text(f'{app.releases}/{digest}/.{name}.files') or '').encode())
    try:
        for path, entry in sorted(list_files(f'{app.releases}/{digest}/{name}')):
            known = os.lstat(entry.path)
            last = max(last, known.st_ctime)
            total.update(f'{path}\0{known.st_dev} {known.st_ino} {known.st_mode} {known.st_size} {known.st_mtime_ns} '
                         f'{known.st_ctime_ns}\0'.encode('utf-8', 'surrogateescape'))
    except FileNotFoundError:
        return None
    return (total.hexdigest(), last)


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
            damage = differences(app, observed.digest, name)
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
    memory = dict(MEMORY_LINE.findall(read_text('/proc/meminfo') or ''))
    total, free = int(memory['MemTotal']), int(memory['MemAvailable'])
    return {
        'uptime': int(float((read_text('/proc/uptime') or '0').split()[0])),
        # Of a container the file may say its own load (lxcfs), as for memory; the system call says the machine's.
        'load': [float(value) for value in (read_text('/proc/loadavg') or '').split()[:3]],
        'cores': os.cpu_count() or 1,
        'memory': round(100 * (total - free) / total, 1),
        'disk': {mount: disk_use(mount) for mount in sorted(map(mount_point, ('/', app.root, STATE_ROOT)))},
        'free': free_bytes(mount_point(app.root)),
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


def inspect(app: App, manifests: tuple = ()) -> dict:
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
        'intent': intent and {'run': intent['run'], 'digest': intent['digest'], 'prepared': is_prepared(intent)},
        'withheld': ledger['withheld'],
        'lapsed': ledger['lapsed'],
        'releases': complete_releases(app),
        'components': {
            name: {**component._asdict(), 'version': version_of(app, component.digest)}
            for name, component in sorted(observed.items())
        },
        'state': read_state_file(app),
        'system': observe_system(app),
        **({'manifests': manifests_of(app, manifests)} if manifests else {}),
    }


# By engine: what only one that answers can tell, its version.
ENGINES = {
    'podman': ('info', '--format', '{{.Version.Version}}'),
    'docker': ('version', '--format', '{{.Server.Version}}'),
}


def engine(request: dict) -> dict:
    """What a container engine says to root, who alone sees the containers of the system's units: its version, or the state of
    one container. How it ended is told as it is; 127 means that it is not there."""
    name, container, limit = request['engine'], request['container'], request['limit']
    asked = ENGINES[name] if container is None else ('container', 'inspect', '--format', '{{json .State}}', container)
    ran = run('timeout', '--kill-after=1s', f'{limit}s', name, *asked, seconds=limit + 10)
    said = ran.output.strip()[:REASON_CHARACTERS] if container is None or ran.code != 0 else state_in(ran.output)
    return {'protocol': PROTOCOL, 'status': ran.code, 'output': said, 'errors': ran.errors.strip()[-REASON_CHARACTERS:]}


def state_in(output: str) -> str:
    """Status and health, and nothing else of it: what the health check printed is not for the deploying user."""
    try:
        state = json.loads(output)
        health = state.get('Health') or state.get('Healthcheck') or {}  # podman below 4 calls it otherwise
        return json.dumps({'Status': state.get('Status'), 'Health': {'Status': health.get('Status')}})
    except (ValueError, AttributeError):
        return ''  # no state, which is what is said of it


def manifests_of(app: App, digests: tuple) -> dict:
    found = {}
    for digest in digests:
        try:
            release = load_complete_release(app, digest)
        except HostError:
            continue  # it is not here, or altered: the answer says so by leaving it out
        if any(file_differences(app, digest, name) for name in release.components):
            continue
        found[digest] = json.loads(read_bytes(f'{app.releases}/{digest}/manifest.json'))
    return found


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
    damaged = [wrong for name in release.components for wrong in differences(app, release.digest, name)]
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
    shown = show_units(unit)[unit]
    check_unit_is_free(app, unit, shown)
    for other, component in managed_units(app).items():
        if component == name and other != unit:
            remove_unit(change, other)
    if not change.check:
        allow_start(app, release.digest)
    if before == after and observe_systemd(app, name, unit, shown).is_sound(release.digest):
        return
    change.shows(path, before, after)
    if not change.begins(f'starts {name} {release.version}'):
        return
    if before != after:
        write_with_ballast(app, path, after.encode())
    serving = shown['ActiveState'] not in ('inactive', 'failed') or cgroup_processes(shown['ControlGroup'])
    patience = stop_seconds(app, name)
    begun = time.monotonic()
    if serving:
        stop_unit(unit, shown['ControlGroup'], patience)
    be_forgotten(unit)
    ran = run('systemctl', 'start', '--', unit, seconds=120, late='START_FAILED')
    if serving:
        change.downtime = (change.downtime or 0) + time.monotonic() - begun
    check_started(app, release, name, ran)


def check_unit_is_free(app: App, unit: str, shown: dict) -> None:
    path = f'{UNIT_ROOT}/{unit}'
    read_owned(app, path)
    elsewhere = shown['FragmentPath']
    if elsewhere not in ('', path):
        raise HostError('FOREIGN_UNIT', f'{unit} is a unit of this system ({elsewhere}): use another name')


def check_places_are_free(app: App, components: dict) -> None:
    """Before anything is changed: no unit or site that the release needs belongs to somebody else."""
    if any(component['kind'] == 'static' for component in components.values()):
        read_owned(app, app.site)
    units = [component['unit'] for component in components.values() if component['kind'] == 'systemd']
    for unit, shown in show_units(*units).items():
        check_unit_is_free(app, unit, shown)


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
    if not change.begins('removes the site'):
        return
    if change.at_boot:
        write_site(change.app, None)  # nginx is started after us; whatever it says of other sites, this one must go
    else:
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
    # Not running yet at boot, it is ordered after the gate, which may be waiting for the change that we are.
    ran = run('nginx', '-s', 'reload') if nginx_master() else run(
        'systemctl', 'start', '--job-mode=ignore-dependencies', 'nginx.service')
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
    {'activate': activate, 'prepare': prepare, 'restore': restore, 'commit': commit,
     'withdraw': withdraw}[request['operation']](request, app, change)


def is_prepared(intent: Optional[dict]) -> bool:
    return bool(intent and intent.get('prepared'))


def intended(ledger: dict, run_name: str, digest: Optional[str], prepared: bool) -> dict:
    """What the journal says once `digest` is being made the one that serves here. A vote for it stays one."""
    if digest == ledger['committed']:
        return {'withheld': None}  # on the way back; the intent is cleared when it is reached
    before = ledger['intent'] or {}
    voted = is_prepared(before) and before['digest'] == digest
    return {'withheld': None, 'intent': {'run': run_name, 'digest': digest, 'from': ledger['committed'],
                                         'prepared': prepared or voted, 'withheld': withheld_before(ledger, digest)}}


def withheld_before(ledger: dict, digest: Optional[str]) -> Optional[str]:
    """Why this host must serve nothing, rather than the committed release, when the change to `digest` is given up."""
    before = ledger['intent'] or {}
    if is_prepared(before) and before['digest'] != digest:
        return ledger['withheld'] or in_doubt(before)
    return ledger['withheld'] or before.get('withheld')


def in_doubt(intent: dict) -> str:
    return (f'run {intent["run"]} may have committed {brief(intent["digest"])} elsewhere: this host has voted for it '
            'and was not told how that ended')


def brief(digest: Optional[str]) -> str:
    return 'no release' if digest is None else f'release {digest[:12]}'


def journal_intent(request: dict, app: App, change: Change, digest: Optional[str], prepared: bool = False) -> dict:
    if change.check:
        return read_ledger(app)
    run_name = request['token']['run']
    return update_ledger(app, request['token'], lambda ledger: intended(ledger, run_name, digest, prepared))


def activate(request: dict, app: App, change: Change) -> None:
    digest, name = request['digest'], request['component']
    refuse_lapsed(app, request)
    if change.check and not is_staged(app, digest, name):
        change.begins(f'starts {name} once it is staged')
        return
    release = load_release(app, digest)
    if name not in release.components:
        refuse(f'release {release.version} has no component {name}')
    if not is_staged(app, digest, name):
        raise HostError('NOT_STAGED', f'{name} of release {release.version} is not staged on this host')
    damaged = differences(app, digest, name)
    if damaged:
        raise HostError('CHECKSUM_MISMATCH', f'{"; ".join(damaged)}: stage it again')
    ledger = journal_intent(request, app, change, digest)
    if ledger['intent'] and not change.check:  # the committed release needs no lease
        begin_lease(app, request)
    converge_component(change, release, name)


def prepare(request: dict, app: App, change: Change) -> None:
    digest, peers = request['digest'], request['peers']
    refuse_lapsed(app, request)
    release = load_complete_release(app, digest)
    ledger = read_ledger(app)
    observed = observe_components(app, ledger)
    wrong = [sentence for name in release.components for sentence in unsound(name, observed.get(name), release)]
    if wrong or ledger['withheld']:
        raise HostError('NOT_AS_EXPECTED', f'no vote for {release.version}: {"; ".join(wrong) or ledger["withheld"]}')
    run_name = request['token']['run']
    vote = {'intent': None} if digest == ledger['committed'] else intended(ledger, run_name, digest, True)
    if {**ledger, **vote, 'peers': peers} == ledger or not change.begins(f'votes for {release.version}'):
        return
    refuse_lapsed(app, request)  # looking took its time, and the host may have been paused meanwhile
    update_ledger(app, request['token'], lambda _: {**vote, 'peers': peers})
    if not vote['intent']:
        end_lease(app)


def unsound(name: str, observed: Optional[Observed], release: Release) -> list:
    if observed is None:
        return [f'{name} is not installed']
    if observed.is_sound(release.digest):
        return []
    return list(observed.differences) or [f'{name} is {observed.state} and runs {observed.digest}']


def restore(request: dict, app: App, change: Change) -> None:
    digest = request['digest']
    if digest:
        load_complete_release(app, digest)
    journal_intent(request, app, change, digest)
    damaged = converge_release(change, digest)
    if not change.check:
        update_ledger(app, request['token'], lambda ledger: {'intent': None} if digest == ledger['committed'] else {})
        end_lease(app)
    if damaged:
        raise HostError('NOT_AS_EXPECTED', f'restored, but: {"; ".join(damaged)}')


def commit(request: dict, app: App, change: Change) -> None:
    digest, state = request['digest'], request['state']
    if change.check and digest and digest not in release_digests(app):
        change.begins('commits once it is staged')
        return
    if digest:
        load_complete_release(app, digest)
    # Decided, maybe carried out elsewhere already: from here on the release of before must not come back by itself.
    journal_intent(request, app, change, digest, prepared=True)
    damaged = converge_release(change, digest)
    if damaged:
        raise HostError('NOT_AS_EXPECTED', f'not committed: {"; ".join(damaged)}')
    if read_ledger(app)['committed'] != digest and not change.begins(f'commits {version_of(app, digest)}'):
        return
    if not change.check:
        version = version_of(app, digest)
        update_ledger(app, request['token'], lambda ledger: committed_ledger(ledger, digest, request, version))
        end_lease(app)
    write_state_file(app, change, state, digest)
    if not change.check:
        tidy(app, change, request['keep'])


def withdraw(request: dict, app: App, change: Change) -> None:
    take_out_of_traffic(change, request['reason'], request['token'])
    if not change.check:
        end_lease(app)


def take_out_of_traffic(change: Change, reason: str, token: Optional[dict]) -> None:
    """Nothing of the application runs or is served. What can't be taken away does not keep the rest."""
    app, reason = change.app, reason[:REASON_CHARACTERS]
    # First, so that nothing is started again meanwhile.
    if read_ledger(app)['withheld'] != reason and change.begins(f'takes {app.name} out of traffic: {reason}'):
        update_ledger(app, token, lambda _: {'withheld': reason})
    failed = []
    for remove in [*([remove_site] if managed_site(app) else []),
                   *(lambda change, unit=unit: remove_unit(change, unit) for unit in managed_units(app))]:
        try:
            remove(change)
        except HostError as error:
            failed.append(error)
    if failed:
        raise HostError(failed[0].code, '; '.join(map(str, failed))) from failed[0]


def committed_ledger(ledger: dict, digest: Optional[str], request: dict, version: Optional[str]) -> dict:
    previous = ledger['previous'] if ledger['committed'] == digest else ledger['committed']
    entry = {'run': request['token']['run'], 'version': version, 'digest': digest, 'time': timestamp()}
    history = ledger['history']
    if not history or history[0]['run'] != entry['run']:
        history = [entry, *history][:3]
    served = [one for one in [digest, *served_releases(ledger)] if one]
    return {'committed': digest, 'previous': previous, 'intent': None, 'history': history, 'withheld': None,
            'peers': request['peers'], 'served': list(dict.fromkeys(served))[:SERVED]}


def served_releases(ledger: dict) -> list:
    """Digests of releases that were committed once, the latest first. A ledger of an older program knows of three."""
    return ledger['served'] or [entry['digest'] for entry in ledger['history']]


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
    """What never served goes first: nobody can go back to it."""
    with latch(app):
        ledger = read_ledger(app)
        kept = {ledger['committed'], ledger['previous'], (ledger['intent'] or {}).get('digest')} - {None}
        served = served_releases(ledger)
        age = {digest: -os.stat(f'{app.releases}/{digest}').st_mtime for digest in release_digests(app)}
        digests = sorted(age, key=lambda digest: (served.index(digest) if digest in served else SERVED, age[digest]))
        for digest in digests:
            if len(kept) < keep or release_in_use(app, digest):
                kept.add(digest)
        doomed = [digest for digest in digests if digest not in kept]
        for digest in doomed:
            os.rename(f'{app.releases}/{digest}', f'{app.releases}/.trash-{os.getpid()}-{digest}')
    for digest in doomed:
        remove_tree(f'{app.releases}/.trash-{os.getpid()}-{digest}')
    for name in os.listdir(app.seen) if os.path.isdir(app.seen) else []:
        if name.partition('.')[0] in doomed:
            remove_if_there(f'{app.seen}/{name}')


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


# ---- Lease -----------------------------------------------------------------------------------------------------

def clock() -> float:
    """Goes on while the host is paused or asleep, and cannot be set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read_lease(app: App) -> Optional[dict]:
    return json.loads(read_text(app.lease) or 'null')


def write_lease(app: App, request: dict) -> None:
    """Only with the latch held."""
    token = request['token']
    lease = {'run': token['run'], 'epoch': token['epoch'], 'expiry': clock() + request['lease']}
    write_durably(app.lease, json.dumps(lease).encode(), 0o600)


def end_lease(app: App) -> None:
    with latch(app):
        remove_if_there(app.lease)


def is_lease_of(lease: Optional[dict], token: dict) -> bool:
    return lease is not None and (lease['run'], lease['epoch']) == (token['run'], token['epoch'])


def has_lapsed(ledger: dict, lease: Optional[dict], token: dict, now: float) -> bool:
    """For good: a lease that has run out is not revived by a request that was on its way for too long."""
    if (ledger['lapsed'] or {}).get('run') == token['run']:
        return True
    return is_lease_of(lease, token) and way_out(lease, ledger, now) == 'back'


def refuse_lapsed(app: App, request: dict) -> None:
    if has_lapsed(read_ledger(app), read_lease(app), request['token'], clock()):
        raise HostError('LEASE_LAPSED', f'this host heard nothing of run {request["token"]["run"]} for longer than its '
                        'lease, and went back')


def renew(request: dict, app: App, change: Change) -> None:
    """Without the change lock: a change that is going on must not keep the lease from being renewed."""
    ensure_state(app)
    with latch(app):
        fence_renewal(read_ledger(app)['token'], request['token'], bool(release_digests(app)))
        refuse_lapsed(app, request)
        if is_lease_of(read_lease(app), request['token']) and change.begins('renews the lease'):
            write_lease(app, request)


def begin_lease(app: App, request: dict) -> None:
    """Begins or renews the lease. It is watched when this returns: before anything stops, so that the start of a watch takes
    nothing from the start of what serves."""
    with latch(app):
        fence(read_ledger(app)['token'], request['token'], 'lease', False)
        write_lease(app, request)
    insist_on_watch(app)


def insist_on_watch(app: App) -> None:
    deadline, again = time.monotonic() + 10, 0.0
    while not is_watched(app):
        now = time.monotonic()
        if now > deadline:
            raise HostError('INTERNAL', f'{watch_unit(app)} does not start: look at journalctl -u {watch_unit(app)}')
        if now >= again:
            # Refused while a watch has the unit's name that has only just begun, or is about to end.
            again = now + (1 if start_watch(app).code == 0 else 0.1)
        time.sleep(0.005)


def watch_unit(app: App) -> str:
    return f'safeguard-{app.name}-lease.service'


def start_watch(app: App) -> Ran:
    return run('systemd-run', '--quiet', '--collect', '--no-ask-password', f'--unit={watch_unit(app)}',
               '--service-type=exec', f'--description=safeguard lease of {app.name}', '--property=Restart=on-failure',
               '--property=RestartSec=1', '--property=StartLimitIntervalSec=0', '--property=TimeoutStopSec=15', PROGRAM,
               'lease', app.name)


def is_watched(app: App) -> bool:
    """Whether somebody holds the watch, which is given up under the latch: who has written a lease and sees it held
    knows that the lease is looked at."""
    descriptor = os.open(f'{app.run}/watch', os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def watch(name: str) -> int:
    """Inside the lease's unit."""
    app = find_app(name)
    again = 0.0
    with locked(f'{app.run}/watch', 10, f'the lease of {name} is watched by another process'):
        while True:
            lease = read_lease(app)
            if lease is None:
                with latch(app):
                    if read_lease(app) is None:
                        remove_if_there(f'{app.run}/watch')
                        return 0
            elif lease['expiry'] <= clock() and again <= time.monotonic():
                again = time.monotonic() + LEASE_RETRY_SECONDS
                try:
                    with change_lock(app):
                        run_out(app, lambda sentence: print(sentence, flush=True))
                except (HostError, OSError) as error:
                    print(f'{type(error).__name__}: {error}', file=sys.stderr, flush=True)
            time.sleep(LEASE_LOOK_SECONDS)


def way_out(lease: Optional[dict], ledger: dict, now: float) -> str:
    """What is to be done about a lease: `wait`, `end` it, go `back`, or `ask` the peers."""
    if lease is None or lease['expiry'] > now:
        return 'wait'
    intent = ledger['intent']
    if not intent or intent['run'] != lease['run']:
        return 'end'  # nothing is left of what it was for
    return 'ask' if is_prepared(intent) else 'back'


def run_out(app: App, tell: Callable[[str], None]) -> None:
    with latch(app):
        lease, ledger = read_lease(app), read_ledger(app)
        way = way_out(lease, ledger, clock())
        if way == 'back' and is_lease_of(lease, ledger['token']):
            # Before the way back is begun: a renewal that comes now is told.
            lapsed = {'run': lease['run'], 'time': timestamp()}
            write_ledger(app, {**ledger, 'lapsed': lapsed})
    change = Change(app, tell)
    if way == 'back':
        tell(f'the lease of run {lease["run"]} has run out')
        go_back(change, ledger)
    if way == 'ask' and not told_otherwise(change, ledger['intent'], ledger['peers']):
        return
    if way != 'wait':
        end_lease(app)


def go_back(change: Change, ledger: dict) -> None:
    """To the committed release, or out of traffic where that is not what this host came from."""
    withheld = ledger['intent'].get('withheld')
    try:
        for wrong in [] if withheld else converge_release(change, ledger['committed']):
            change.tell(wrong)
    except HostError as error:
        if error.code != 'NOT_STAGED':
            raise  # worth another try
        withheld = f'the committed release cannot be served again: {error}'
    if withheld:
        take_out_of_traffic(change, withheld, None)
    update_ledger(change.app, None, lambda _: {'intent': None})


def told_otherwise(change: Change, intent: dict, peers: list) -> bool:
    """Whether a peer serves another release than the one voted for; then this host is out of traffic."""
    answers = ask_peers(change.app, intent['digest'], peers, 0)
    reason = missed_change(intent['digest'], answers)
    if reason is None:
        change.tell(f'the lease of run {intent["run"]} has run out after the vote, and no peer says otherwise')
        return False
    take_out_of_traffic(change, f'{in_doubt(intent)}; {reason}', None)
    return True


# ---- Peers -----------------------------------------------------------------------------------------------------

def ask_peers(app: App, digest: Optional[str], peers: list, seconds: float) -> dict:
    """Peer → digest that it serves, of those that answer; asked again for so many seconds while nobody does."""
    component = site_of(app, digest)
    deadline = time.monotonic() + seconds
    while component and peers:
        answers = ask_at_once(component, peers)
        if answers or time.monotonic() >= deadline:
            return answers
        time.sleep(0.2)
    return {}


def site_of(app: App, digest: Optional[str]) -> Optional[dict]:
    """The static component of a release, by whose address peers are asked."""
    try:
        components = load_release(app, digest).components if digest else {}
    except HostError:
        return None  # not on this host: whoever needs the release says so
    return next((component for component in components.values() if component['kind'] == 'static'), None)


def ask_at_once(component: dict, peers: list) -> dict:
    import threading
    answers: dict = {}

    def ask(peer: str) -> None:
        digest = ask_site(component, peer, 1)
        if digest:
            answers[peer] = digest

    # A name server that does not answer takes longer than anybody waits here.
    askers = [threading.Thread(target=ask, args=(peer,), daemon=True) for peer in peers]
    for asker in askers:
        asker.start()
    deadline = time.monotonic() + 1.2
    for asker in askers:
        asker.join(max(0, deadline - time.monotonic()))
    return dict(answers)


def missed_change(digest: Optional[str], answers: dict) -> Optional[str]:
    others = sorted(peer for peer, served in answers.items() if served != digest)
    if not others:
        return None
    return (f'{others[0]} serves {brief(answers[others[0]])} and this host would serve {brief(digest)}: it may have '
            'missed a change')


# ---- Staging ---------------------------------------------------------------------------------------------------

class Input:
    """Standard input: one line, then bytes. A sender that says nothing for `patience` seconds is given up."""

    def __init__(self, descriptor: int, patience: int = INPUT_SECONDS) -> None:
        self.descriptor, self.patience, self.rest = descriptor, patience, b''

    def _receive(self, most: int = PIPE_BYTES) -> bytes:
        if not select.select([self.descriptor], [], [], self.patience)[0]:
            raise HostError('TRUNCATED', f'nothing arrived for {self.patience} s')
        # More does not come at once, and room for more is given back to the kernel and taken from it again each time.
        return os.read(self.descriptor, min(most, PIPE_BYTES))

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
            piece = (self.rest or self._receive(size - received))[:size - received]
            self.rest = self.rest[len(piece):]
            if not piece:
                raise HostError('TRUNCATED', f'{received} of {size} bytes arrived')
            received += len(piece)
            yield piece
            if received - told >= 4 << 20 or time.monotonic() - when >= 1 or received == size:
                told, when = received, time.monotonic()
                print_progress('received', received)


class Channel(Input):
    """Where the one that stays reads its lines: bytes come only when they were asked for, and what follows them is not ours."""

    def pieces(self, size: int) -> Iterator[bytes]:
        emit({'type': 'ready'})
        yield from super().pieces(size)


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
        private_until = time.time()
        publish(request, app, scratch, listing, environment)
        remember_written(app, request['digest'], request['component'], private_until)
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
        if not is_same_run(held, request['token']):
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
    that is a link is refused, and links that lead outside fail the whole. Time, memory and disk are bounded, whatever the
    headers say."""
    import gzip
    import io
    import tarfile
    import zlib

    # What gzip reads at once. It is more by itself from Python 3.12 on; 8 KiB before, and then reading is most of the work.
    io.DEFAULT_BUFFER_SIZE = 1 << 17
    listing: dict = {}
    try:
        with within(UNPACK_SECONDS), gzip.open(archive, 'rb') as stream, tarfile.open(
                fileobj=stream, mode='r:', errorlevel=2, tarinfo=bounded_headers(tarfile)) as members:
            unpack_members(members, target, listing)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
        raise HostError('ARCHIVE_REFUSED', f'the archive cannot be read: {error}') from error
    for path, line in listing.items():
        if line[64:66] == ' @':
            check_link(target, path)
    return [f'{line}{path}\n' for path, line in sorted(listing.items())]


def unpack_members(members: Any, target: str, listing: dict) -> None:
    import errno
    counted = size = 0
    directories: set = set()
    for member in members:
        counted, size = counted + 1, size + member.size
        if member.size < 0:
            refuse_archive('the archive has a file of less than nothing')
        if max(counted, len(listing) + len(directories)) > MAX_FILES or size > MAX_UNPACKED_BYTES:
            refuse_archive(f'the archive has more than {MAX_FILES} files or {MAX_UNPACKED_BYTES} bytes')
        if member.size > free_bytes(target) - UNPACK_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)
        path = safe_path(member.name)
        if path:
            unpack_member(members, member, target, path, listing, directories)


def free_bytes(path: str) -> int:
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Ends an unpacking that takes too long, wherever it is: a header of digits alone keeps tarfile busy for hours."""
    import signal

    def give_up(*_: Any) -> None:
        refuse_archive(f'the archive was not unpacked within {seconds} s')

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def bounded_headers(tarfile: Any) -> type:
    """tarfile reads what headers say before it hands a member out: as much memory as they like, and headers of headers.
    `_proc_member` and what it calls is where its source says that a subclass may step in."""
    extended = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
                tarfile.GNUTYPE_LONGLINK)

    class Member(tarfile.TarInfo):
        def _proc_member(self, archive: Any) -> Any:
            if self.type == tarfile.GNUTYPE_SPARSE:
                self._refuse_sparse()
            nested = getattr(archive, 'nested_headers', 0) + 1
            if nested > MAX_HEADERS_OF_A_MEMBER or (self.type in extended and not 0 <= self.size <= MAX_HEADER_BYTES):
                refuse_archive('the archive has a header that is too large')
            archive.nested_headers = nested
            try:
                return super()._proc_member(archive)
            finally:
                archive.nested_headers = nested - 1

        def _refuse_sparse(self, *_: Any) -> None:
            refuse_archive(f'the archive has a sparse file, {self.name!r}')

        _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse

    return Member


def check_link(target: str, path: str) -> None:
    if not is_inside(f'{target}/{path}', target):
        refuse_archive(f'the link {path} leads outside')
    if not os.path.exists(f'{target}/{path}'):
        refuse_archive(f'the link {path} leads nowhere')


def is_inside(path: str, directory: str) -> bool:
    return f'{os.path.realpath(path)}/'.startswith(f'{os.path.realpath(directory)}/')


def unpack_member(members: Any, member: Any, target: str, path: str, listing: dict, directories: set) -> None:
    full = f'{target}/{path}'
    make_directories(target, path if member.isdir() else os.path.dirname(path), directories)
    if member.isdir():
        return
    if os.path.lexists(full):
        refuse_archive(f'the archive has {path} twice')
    if member.isreg():
        if member.mode & 0o6000:
            refuse_archive(f'{path} is a set-uid or set-gid file')
        listing[path] = unpack_file(members.extractfile(member), full, 0o755 if member.mode & 0o111 else 0o644)
    elif member.issym():
        if member.linkname.startswith('/') or not LINE.fullmatch(member.linkname):
            refuse_archive(f'the link {path} leads outside')
        if not 0 < len(member.linkname) <= 1024:
            refuse_archive(f'the link {path} leads nowhere')
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


def make_directories(target: str, path: str, made: set) -> None:
    """`made` has those of the archive, which count as files do: a path may name five hundred."""
    full = target
    for part in filter(None, path.split('/')):
        full = f'{full}/{part}'
        if full in made:
            continue
        if os.path.lexists(full):
            refuse_archive(f'the archive has a path through {full[len(target) + 1:]}, which is no directory')
        os.mkdir(full, 0o755)
        made.add(full)


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


# ---- Composite releases ----------------------------------------------------------------------------------------

def compose(request: dict, app: App, change: Change) -> dict:
    """Stages a release from components of releases that lie here. All is judged before anything is copied, and all is
    copied before anything becomes visible."""
    manifest, digest, sources = (request[field] for field in ('manifest', 'digest', 'sources'))
    check_composition(manifest, digest, sources, app)
    if change.check:
        check_fence(app, request)
    else:
        accept_token(app, request)
        ensure_ballast(app)
        os.makedirs(app.releases, exist_ok=True)
        sweep(app)
    check_places_are_free(app, manifest['components'])
    absent = [name for name in sorted(sources) if not is_whole(app, digest, name)]
    for name in absent:
        check_source(app, manifest, name, sources[name])
    for name in sorted(sources):
        if name not in absent:
            renew_secrets(app, manifest, digest, name, sources[name], change)
    wanted = [name for name in absent if change.begins(
        f'composes {name} of {manifest["version"]} from {version_of(app, sources[name])}')]
    if wanted:
        copy_components(request, app, wanted)
    return change.result()


def check_composition(manifest: Any, digest: Any, sources: Any, app: App) -> None:
    check_manifest(manifest, app)
    text(digest, 'digest', DIGEST)
    if digest_of(manifest) != digest:
        raise HostError('CHECKSUM_MISMATCH', f'the manifest has digest {digest_of(manifest)}, not {digest}')
    if sorted(table(sources, 'sources')) != sorted(manifest['components']):
        refuse('sources does not name exactly the components of the manifest')
    for name, source in sources.items():
        if text(source, f'sources.{name}', DIGEST) == digest:
            refuse(f'sources.{name} is the composite release itself')


def is_whole(app: App, digest: str, name: str) -> bool:
    """Staged, unaltered and with its secrets."""
    if not is_staged(app, digest, name) or file_differences(app, digest, name):
        return False
    secrets = load_release(app, digest).components[name].get('secrets')
    return not secrets or os.path.exists(secrets_path(app, digest, name))


def secrets_path(app: App, digest: str, name: str) -> str:
    return f'{app.releases}/{digest}/.{name}.env'


def as_released(component: dict) -> str:
    """A component without what only a composite release says of it."""
    return canonical_json({key: value for key, value in component.items() if key != 'releasedAs'})


def check_source(app: App, manifest: dict, name: str, source: str) -> None:
    release = load_complete_release(app, source)
    if name not in release.components:
        refuse(f'release {release.version} has no component {name}')
    if as_released(release.components[name]) != as_released(manifest['components'][name]):
        refuse(f'{name} of {manifest["version"]} is another one than {name} of {release.version}')
    damaged = file_differences(app, source, name)
    if damaged:
        raise HostError('CHECKSUM_MISMATCH', f'release {release.version} was altered on this host, so nothing is made '
                        f'of it: {"; ".join(damaged)}')
    if release.components[name].get('secrets') and not os.path.exists(secrets_path(app, source, name)):
        raise HostError('NOT_STAGED', f'the secrets of {name} {release.version} are not on this host: stage it again')


def renew_secrets(app: App, manifest: dict, digest: str, name: str, source: str, change: Change) -> None:
    """A component that was composed before gets the values that its source has now, where it is still here."""
    component = manifest['components'][name]
    if not component.get('secrets') or source not in release_digests(app):
        return
    if canonical_json(load_release(app, source).components.get(name)) != canonical_json(component):
        return
    values = read_text(secrets_path(app, source, name))
    path = secrets_path(app, digest, name)
    if values is not None and values != read_text(path) and change.begins(f'replaces the secrets of {name}'):
        write_durably(path, values.encode(), 0o600)


def copy_components(request: dict, app: App, names: list) -> None:
    scratch = f'{app.releases}/.staging-{os.getpid()}-{time.time_ns()}'
    os.mkdir(scratch, 0o700)
    try:
        for name in names:
            os.mkdir(f'{scratch}/{name}')
            copy_files(f'{app.releases}/{request["sources"][name]}/{name}', f'{scratch}/{name}/files')
        sync_file_system(scratch)
        copies = [(name, *read_copy(app, request, scratch, name)) for name in names]
        for name, listing, environment in copies:
            publish({**request, 'component': name}, app, f'{scratch}/{name}', listing, environment)
    except FileNotFoundError as error:
        raise HostError('NOT_STAGED', f'a source was removed while it was being copied ({error.filename})') from error
    except OSError as error:
        if is_disk_full(error):
            raise HostError('DISK_FULL', f'the disk of {app.root} is full: make room, then compose again') from error
        raise
    finally:
        remove_tree(scratch)


def copy_files(source: str, target: str) -> None:
    """Real copies with their modes, links as they are: with hard links, who alters one release alters the other."""
    import shutil
    os.mkdir(target, 0o755)
    with os.scandir(source) as entries:
        for entry in entries:
            goal = f'{target}/{entry.name}'
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), goal)
            elif entry.is_dir():
                copy_files(entry.path, goal)
            else:
                shutil.copy(entry.path, goal)


def read_copy(app: App, request: dict, scratch: str, name: str) -> tuple:
    """(lines of `.files`, secrets). The copy is read back: its source may have been altered after it was judged."""
    directory, component = f'{app.releases}/{request["sources"][name]}', request['manifest']['components'][name]
    files = list_files(f'{scratch}/{name}/files')
    listing = sorted((path, f'{checksum(entry)}{path}\n') for path, entry in files)
    lines = [line for _, line in listing]
    if ''.join(lines).encode() != read_bytes(f'{directory}/.{name}.files'):
        raise HostError('CHECKSUM_MISMATCH', f'{name} was altered on this host while it was being copied')
    return lines, read_bytes(f'{directory}/.{name}.env').decode() if component.get('secrets') else None


# ---- Forensics -------------------------------------------------------------------------------------------------

FORENSICS_KEPT = 10
FORENSICS_FREE_BYTES = 32 << 20
FORENSICS_LOG_BYTES = 1 << 20
FORENSICS_LOG_ENTRIES = 200
FORENSICS_ANSWER_BYTES = 256 << 10
SHORTEST_SECRET = 4
ENVIRONMENT_LINE = re.compile(r'^[A-Z_][A-Z0-9_]*="((?:[^"\\]|\\.)*)"$', re.MULTILINE | re.DOTALL)
LOG_ENTRY = re.compile(r'\d{4}-\d\d-\d\dT')
LAST_ENTRIES = '.log of the last entries'
BUNDLE = re.compile(r'(?!\.).+-(\d{8}T\d{6}Z)(?:-\d+)?')


class Gathered(NamedTuple):
    """Texts by file name, and why others are not among them."""
    files: dict
    missing: dict


def forensics(request: dict, app: App, change: Change) -> dict:
    """Keeps what there is to know of a failed release. Its token is compared and not stored: a change that still goes
    on must neither be stopped nor fenced by whoever only wants to know why."""
    begun = time.monotonic()
    version = text(request['version'], 'version', VERSION)
    if version.startswith('.'):
        refuse(f'version: {version!r} is not allowed here')
    logs = whole(request['logs'], 'logs', 1, 10 * 366 * 86_400)
    limit = whole(request['limit'], 'limit', 1, 86_400)
    check_fence(app, request)
    directory = f'{FORENSICS_ROOT}/{version}-{timestamp().replace("-", "").replace(":", "")}'
    if change.check:
        change.begins(f'keeps forensics in {directory}')
        return {**change.result(), 'directory': directory, 'files': {}}
    gathered = gather(app, logs, begun + limit - min(1.0, limit / 4))
    secrets = known_secrets()
    files = {name: redact(found, secrets) for name, found in gathered.files.items() if name != 'state.json'}
    files = {name: newest(found, FORENSICS_LOG_BYTES) for name, found in files.items()}
    if 'state.json' in gathered.files:
        files['state.json'] = readable_json(redact_all(json.loads(gathered.files['state.json']), secrets))
    metadata = {
        'time': timestamp(), 'host': os.uname().nodename, 'application': app.name, 'version': version,
        'run': request['token']['run'], 'logSeconds': logs, 'durationMs': round((time.monotonic() - begun) * 1000),
        'missing': gathered.missing,
    }
    kept, why_not = keep_bundle(directory, files, redact_all(metadata, secrets))
    change.changed = kept is not None
    if why_not:
        metadata['notKept'] = why_not
    files['metadata.json'] = readable_json(redact_all(metadata, secrets))
    return {**change.result(), 'directory': kept or '', 'files': cut_to_answer(files, FORENSICS_ANSWER_BYTES)}


def readable_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + '\n'


def gather(app: App, logs: int, deadline: float) -> Gathered:
    """Asks everybody at once, and takes what has come by the deadline."""
    files: dict = {}
    missing: dict = {}
    units = sorted(managed_units(app))
    paths = {'site.conf': app.site, 'nginx-error.log': NGINX_ERROR_LOG,
             **{unit: f'{UNIT_ROOT}/{unit}' for unit in units}}
    for name, path in paths.items():
        try:
            files[name] = read_end(path, FORENSICS_LOG_BYTES)
        except FileNotFoundError:
            missing[name] = f'there is no {path}'
        except OSError as error:
            missing[name] = f'{path} cannot be read: {error}'
    try:
        files['deployments.json'] = readable_json(read_ledger(app)['history'])
    except OSError as error:
        missing['deployments.json'] = f'the journal cannot be read: {error}'
    for name, (found, why) in longer_logs(ask_all(questions(app, units, logs), deadline)).items():
        if found:
            files[name] = oldest_first(found) if name.endswith('.log') else found
        if why:
            missing[name] = why
    return Gathered(*only_whole_state(files, missing))


def questions(app: App, units: list, logs: int) -> dict:
    """File name → (command, its input, exit codes that are no failure)."""
    application, environment = split_name(app)
    inspection = {'protocol': PROTOCOL, 'operation': 'inspect', 'application': application, 'environment': environment}
    found: dict = {
        'state.json': ((PROGRAM,), canonical_json(inspection) + '\n', (0,)),
        'ports.txt': (('ss', '--no-header', '--listening', '--tcp', '--numeric', '--processes'), None, (0,)),
        # 1: one file system of several could not be asked.
        'disk.txt': (('df', '--portability', '--human-readable'), None, (0, 1)),
    }
    for unit in units:
        # The newest first, so that a flood of lines costs no more than what is kept of it.
        journal = ('journalctl', '--quiet', '--no-pager', '--reverse', '--output=short-iso', f'--unit={unit}')
        found[f'{unit}.log'] = ((*journal, f'--since=-{logs}s'), None, (0,))
        # Why a service that hangs fell silent may be older than that.
        found[f'{unit}{LAST_ENTRIES}'] = ((*journal, f'--lines={FORENSICS_LOG_ENTRIES}'), None, (0,))
        # 3: the unit does not run, which may well be the answer.
        found[f'{unit}.status'] = (('systemctl', 'status', '--no-pager', '--full', '--lines=0', '--', unit),
                                   None, (0, 3))
    return found


def longer_logs(answers: dict) -> dict:
    """Each log once: its last minutes, or its last entries where those go further back. Both begin with the newest
    entry, so the longer has the other in it."""
    logs = {name.removesuffix(LAST_ENTRIES) + '.log': answers[name] for name in answers if name.endswith(LAST_ENTRIES)}
    merged = {name: answer for name, answer in answers.items() if not name.endswith(LAST_ENTRIES)}
    for name, (entries, why) in logs.items():
        minutes, why_not = merged[name]
        merged[name] = (max(minutes, entries, key=len), why_not or why)
    return merged


def split_name(app: App) -> tuple:
    """Any split does: the program joins the two again."""
    application, _, environment = app.name.rpartition('-')
    return application, environment


def only_whole_state(files: dict, missing: dict) -> tuple:
    """The inspection out of the program's answer; an answer that is none says why."""
    answered = files.pop('state.json', '')
    try:
        line = json.loads(answered.strip().rpartition('\n')[2] or 'null') or {}
    except ValueError:
        line = {}  # cut off by the deadline, and the reason stands in missing already
    if line.get('type') == 'result':
        files['state.json'] = json.dumps(line['result'])
    else:
        why = line.get('message') or last_line(answered)
        missing.setdefault('state.json', f'the inspection did not succeed: {why}')
    return files, missing


def read_end(path: str, size: int) -> str:
    with open(path, 'rb') as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - size))
        cut = file.tell() > 0
        data = file.read(size)
    # Without a first line that was cut: half of a secret would not be recognised.
    return (data.partition(b'\n')[2] if cut else data).decode('utf-8', 'replace')


def last_line(found: str) -> str:
    """Whole: secrets are taken out later, and half of one would not be recognised."""
    return found.strip().rpartition('\n')[2]


def oldest_first(log: str) -> str:
    """A log as it is read, from one that begins with the newest entry; lines after an entry's first are its own."""
    entries: list = []
    for line in log.splitlines(keepends=True):
        if entries and not LOG_ENTRY.match(line):
            entries[-1] += line
        else:
            entries.append(line)
    return ''.join(reversed(entries))


class Asking:
    """A program that was started, and what it has said so far: the first FORENSICS_LOG_BYTES, which are enough."""

    def __init__(self, arguments: tuple, request: Optional[str], accepted: tuple) -> None:
        import subprocess
        environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'SYSTEMD_COLORS': '0'}
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE if request else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        self.name, self.accepted = arguments[0], accepted
        self.data, self.ended, self.enough = bytearray(), False, False
        if request:
            try:
                with self.process.stdin as stdin:
                    stdin.write(request.encode())
            except BrokenPipeError:
                pass  # it has ended already, and its status says why

    def take(self) -> None:
        piece = os.read(self.process.stdout.fileno(), 1 << 18)
        self.data += piece
        self.ended = not piece
        self.enough = len(self.data) >= FORENSICS_LOG_BYTES

    def close(self) -> None:
        """Leaves no process behind, unless one is stuck in the kernel: nobody can wait for that."""
        import signal
        import subprocess
        try:
            self.process.wait(0.1 if self.ended else 0)
        except subprocess.TimeoutExpired:
            self.ended = False
            os.killpg(self.process.pid, signal.SIGKILL)
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass  # it dies when the kernel lets it go
        self.process.stdout.close()

    def outcome(self) -> tuple:
        """(text, why it is not all)"""
        if self.ended:
            found, code = self.data.decode('utf-8', 'replace'), self.process.returncode
            return found, None if code in self.accepted else f'{self.name} ended with {code}: {last_line(found)}'
        # Without a last line that was cut: half of a secret would not be recognised.
        found = bytes(self.data[:self.data.rfind(b'\n') + 1]).decode('utf-8', 'replace')
        return found, None if self.enough else f'{self.name} did not end in time'


def ask_all(commands: dict, deadline: float) -> dict:
    """Side by side; file name → (text, why it is not all). None of them outlives this."""
    outcomes, askings = {}, {}
    try:
        for name, command in commands.items():
            try:
                askings[name] = Asking(*command)
            except OSError as error:
                outcomes[name] = ('', f'{command[0][0]} cannot be run: {error}')
        pending = {asking.process.stdout.fileno(): asking for asking in askings.values()}
        while pending and time.monotonic() < deadline:
            for descriptor in select.select(list(pending), [], [], max(0, deadline - time.monotonic()))[0]:
                pending[descriptor].take()
                if pending[descriptor].ended or pending[descriptor].enough:
                    del pending[descriptor]
    finally:
        for asking in askings.values():
            asking.close()
    return {**outcomes, **{name: asking.outcome() for name, asking in askings.items()}}


def known_secrets() -> list:
    """Every form of every secret value on this host, the longest first. Not of one application only: they share nginx
    and its log. One that cannot be read fails the whole: nothing may be written that was not searched for it."""
    configuration = read_configuration()
    values = set()
    for name in configuration:
        app = find_app(name, configuration)
        for digest in release_digests(app):
            values.update(value for path in secret_files(f'{app.releases}/{digest}') for value in read_values(path))
    return secret_forms(values)


def secret_files(directory: str) -> list:
    try:
        return [f'{directory}/{name}' for name in os.listdir(directory) if re.fullmatch(r'\..+\.env', name)]
    except FileNotFoundError:
        return []  # pruned meanwhile


def read_values(path: str) -> list:
    """The opposite of render_environment."""
    return [re.sub(r'\\(["\\`$])', r'\1', value) for value in ENVIRONMENT_LINE.findall(read_text(path) or '')]


def secret_forms(values: Any) -> list:
    """As they are, line by line (a log has one entry for each), and as JSON, units and URLs write them."""
    from urllib.parse import quote as url_quote, quote_plus
    plain = {part for value in values for part in (value, *value.splitlines(), value.strip())}
    forms = {form for value in plain if len(value) >= SHORTEST_SECRET for form in (
        value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value)[1:-1],
        url_quote(value, safe=''), quote_plus(value))}
    return sorted(forms, key=lambda form: (-len(form), form))


def redact(found: str, secrets: list) -> str:
    for secret in secrets:
        found = found.replace(secret, '***')
    return found


def redact_all(value: Any, secrets: list) -> Any:
    """In every name, text and number of a JSON value, which stays JSON."""
    if isinstance(value, dict):
        return {redact(name, secrets): redact_all(item, secrets) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(item, secrets) for item in value]
    if value is None or isinstance(value, bool):
        return value
    cleared = redact(str(value), secrets)
    return value if cleared == str(value) else cleared


def newest(found: str, size: int) -> str:
    """The last lines that fit into so many bytes."""
    data = found.encode('utf-8', 'replace')
    return found if len(data) <= size else data[len(data) - size:].partition(b'\n')[2].decode('utf-8', 'replace')


def cut_to_answer(files: dict, room: int) -> dict:
    """So much in all: the small ones whole, and of the others, which are logs, the ends."""
    kept = {}
    by_size = sorted(files, key=lambda name: (len(files[name].encode()), name))
    for index, name in enumerate(by_size):
        kept[name] = newest(files[name], room // (len(by_size) - index))
        room -= len(kept[name].encode())
    return kept


def keep_bundle(directory: str, files: dict, metadata: dict) -> tuple:
    """(where it lies, None) or (None, why it does not). Not synced: that can take as long as the disk likes, and
    whoever asked gets a copy."""
    files = {**files, 'metadata.json': readable_json(metadata)}
    room = os.statvfs(mount_point(FORENSICS_ROOT))
    free, size = room.f_bavail * room.f_frsize, sum(len(found.encode()) for found in files.values())
    if free < FORENSICS_FREE_BYTES + size:
        return None, f'nothing is kept on this host: only {free >> 20} MiB are free on its disk'
    os.makedirs(FORENSICS_ROOT, mode=0o700, exist_ok=True)
    scratch = f'{FORENSICS_ROOT}/.new-{os.getpid()}-{time.time_ns()}'
    os.mkdir(scratch, 0o700)
    try:
        for name, found in files.items():
            with open(os.open(f'{scratch}/{name}', os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
                file.write(found.encode())
        kept = rename_to_free_name(scratch, directory)
    except OSError as error:
        remove_tree(scratch)
        if is_disk_full(error):
            return None, 'nothing is kept on this host: its disk is full'
        raise
    prune_bundles()
    return kept, None


def rename_to_free_name(scratch: str, directory: str) -> str:
    """Two of one second are possible: an attempt after a lost connection."""
    import errno
    for number in range(1, 100):
        name = directory if number == 1 else f'{directory}-{number}'
        try:
            os.rename(scratch, name)
            return name
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    raise HostError('INTERNAL', f'{directory} is there a hundred times')


def prune_bundles() -> None:
    """Keeps the newest; what somebody left who was killed goes too."""
    def written(name: str) -> int:
        try:
            return os.stat(f'{FORENSICS_ROOT}/{name}').st_mtime_ns
        except FileNotFoundError:
            return 0  # somebody else was faster

    names = os.listdir(FORENSICS_ROOT)
    # Of one second by their own time: a name whose bundle is gone is taken again.
    bundles = sorted((match.group(1), written(match.group(0)), match.group(0))
                     for match in map(BUNDLE.fullmatch, names) if match)
    dead = [name for name in names if re.fullmatch(r'\.new-\d+-\d+', name)
            and not os.path.exists(f'/proc/{name.split("-")[1]}')]
    for name in [*dead, *(name for *_, name in bundles[:-FORENSICS_KEPT])]:
        try:
            remove_tree(f'{FORENSICS_ROOT}/{name}')
        except FileNotFoundError:
            continue  # somebody else was faster


# ---- Transient units -------------------------------------------------------------------------------------------

def boot_id() -> str:
    return (read_text('/proc/sys/kernel/random/boot_id') or '').strip()


def unit_name(app: App, token: dict) -> str:
    return f'safeguard-{app.name}-{token["run"]}-{token["step"]}-{token["try"]}.scope'


def identity_of(request: dict) -> str:
    """The same request, whichever attempt asks, and from whichever runner: who began is noted in the state file."""
    state = request.get('state')
    anywhere = {'state': {**state, 'deploy_runner': ''}} if state else {}
    return digest_of({**request, **anywhere, 'token': {**request['token'], 'attempt': 0}})


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
        unit, ending = os.path.splitext(name)
        if ending != '.json' or unit == mine:
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
    """Starts a change in its unit: as a process of our own, with Python and the program loaded, which begins when it is there."""
    remove_if_there(f'{app.results}/{unit}.json')
    write_durably(path, canonical_json(request).encode(), 0o600)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(tell)
        begin_in_unit(app, unit, told)
    os.close(told)
    try:
        refused = move_into_scope(child, unit, f'safeguard {request["operation"]} {app.name}')
        if refused is None:
            os.write(tell, b'.')
    finally:
        os.close(tell)
    if refused is None:
        return
    os.waitpid(child, 0)
    if not is_running(unit):
        raise HostError('INTERNAL', f'systemd cannot start {unit}: {refused}')


def move_into_scope(pid: int, unit: str, description: str) -> Optional[str]:
    """Has systemd make the scope for a process that waits in it, moves ours there, and lets the other one go. What systemd said
    instead, if it did not."""
    import subprocess
    command = ('systemd-run', '--scope', '--quiet', '--collect', '--no-ask-password', f'--unit={unit}',
               # By systemd's rules others move processes into what is delegated only.
               f'--description={description}', '--property=Delegate=pids', '--property=TimeoutStopSec=15',
               '--property=RuntimeMaxSec=1800', 'cat')
    waits, let_go = os.pipe()
    os.write(let_go, b'.')  # which it says again when it is there
    with subprocess.Popen(command, stdin=waits, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as holder:
        try:
            if holder.stdout and select.select([holder.stdout], [], [], SYSTEMD_SECONDS)[0] and holder.stdout.read(1):
                move_beside(pid, holder.pid, unit)
                return None
            holder.kill()
            return holder.communicate()[1].decode('utf-8', 'replace').strip()[-1000:] or 'it does not answer'
        finally:
            os.close(let_go)
            os.close(waits)


def move_beside(pid: int, other: int, unit: str) -> None:
    """Moves a process into the unit that the other one is in."""
    group = next((group for group in control_groups(other) if group.endswith(f'/{unit}')), None)
    for root in CGROUP_ROOTS if group else ():
        if os.path.exists(f'{root}{group}/cgroup.procs'):
            with open(f'{root}{group}/cgroup.procs', 'w', encoding='ascii') as file:
                file.write(str(pid))
    if group is None or group not in control_groups(pid):
        raise HostError('INTERNAL', f'process {pid} cannot be moved into {unit}, which is {group}')


def control_groups(pid: int) -> list:
    """One a hierarchy; systemd's unit is the last part of its own."""
    return [line.split(':', 2)[2] for line in (read_text(f'/proc/{pid}/cgroup') or '').splitlines()]


def begin_in_unit(app: App, unit: str, told: int) -> Any:
    """In the process that carries a change out; never returns. Told nothing, it was not moved, or nobody waits for it any more."""
    status = 1
    try:
        if os.read(told, 1):
            leave_caller(unit)
            status = execute(app, unit)
    except BaseException:  # pylint: disable=broad-except  # the rim: nobody else can tell of it
        import traceback
        traceback.print_exc()
    finally:
        os._exit(status)  # pylint: disable=protected-access


def leave_caller(unit: str) -> None:
    """Lets go of the terminal, the channel and whatever else the caller has open. What is printed goes to the unit's journal."""
    import socket
    os.setsid()
    os.chdir('/')
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.closerange(3, 1 << 16)
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        journal.connect('/run/systemd/journal/stdout')
        # As sd_journal_stream_fd() says it: identifier, unit, priority, no prefix, not forwarded.
        journal.sendall(f'safeguard-host\n{unit}\n6\n0\n0\n0\n0\n'.encode())
    except OSError:
        return  # a change does not fail for want of a journal: its result says all that matters
    os.dup2(journal.fileno(), 1)
    os.dup2(journal.fileno(), 2)


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


def execute(app: App, unit: str) -> int:
    """Inside the transient unit."""
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
            # What these lead to is not for the gate to say, and a stale release must not serve for a moment.
            told = request['operation'] in ('restore', 'commit', 'withdraw')
            if not told:
                pass_gate(app, tell)
            check_fence(app, request)
            change = Change(app, tell)
            operate(request, app, change)
            if told:
                mark_gated(app)
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
    if is_gated(app):
        return
    ledger = read_ledger(app)
    change = Change(app, tell, at_boot=at_boot and not nginx_master())
    reason = known_doubt(ledger, bool(release_digests(app))) or missed_change(
        ledger['committed'], ask_peers(app, ledger['committed'], ledger['peers'], PEERS_SECONDS))
    if reason:
        tell(f'nothing is started: {reason}')
        take_out_of_traffic(change, reason, None)
    elif ledger['committed'] or ledger['intent']:
        for wrong in converge_release(change, ledger['committed']):
            tell(wrong)
    update_ledger(app, None, lambda ledger: {} if is_prepared(ledger['intent']) else {'intent': None})
    mark_gated(app)


def is_gated(app: App) -> bool:
    return os.path.exists(f'{app.run}/gated')


def mark_gated(app: App) -> None:
    if not is_gated(app):
        with open(f'{app.run}/gated', 'w', encoding='utf-8') as file:
            file.write(timestamp())


def known_doubt(ledger: dict, releases_exist: bool) -> Optional[str]:
    """Why this host starts nothing after a boot, as far as it knows by itself."""
    if ledger['withheld']:
        return ledger['withheld']
    if ledger['token'] is None and releases_exist:
        return 'this host has releases but no journal: look at it, then adopt it'
    intent = ledger['intent'] or {}
    return in_doubt(intent) if is_prepared(intent) else intent.get('withheld')


def gate() -> int:
    failed = 0
    configuration = read_configuration()
    for name in sorted(configuration):
        try:
            app = find_app(name, configuration)
            if not os.path.exists(app.ledger) and not release_digests(app):
                continue
            ensure_state(app)
            with change_lock(app):
                open_gate(app, lambda sentence: print(f'{name}: {sentence}', flush=True), at_boot=True)
        except (HostError, OSError) as error:
            failed += 1
            print(f'{name}: {error}', file=sys.stderr, flush=True)
    return 1 if failed else 0


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


def serve(source: Input, archive: Input) -> dict:
    """One request; `archive` is where the bytes of `stage` are."""
    try:
        request = json.loads(source.line() or b'null')
    except ValueError as cause:
        raise HostError('BAD_REQUEST', f'the request is no JSON: {cause}') from cause
    if request == STAY:
        return STAYS
    check_request(request)
    app = find_app(f'{request["application"]}-{request["environment"]}')
    operation, check = request['operation'], bool(request.pop('check', False))
    beside = {'compose': compose, 'forensics': forensics}.get(operation)
    if beside:
        return {'type': 'result', 'result': beside(request, app, Change(app, print_progress, check))}
    if operation == 'engine':
        return {'type': 'result', 'result': engine(request)}
    if operation == 'inspect':
        return {'type': 'result', 'result': inspect(app, tuple(request.get('manifests', ())))}
    if operation not in ('stage', 'adopt', 'renew') and not check:
        return change_in_unit(request, app)
    change = Change(app, print_progress, check)
    if operation == 'stage':
        stage(request, app, change, archive)
    elif operation == 'adopt':
        adopt(request, app, change)
    elif operation == 'renew':
        renew(request, app, change)
    else:
        check_fence(app, request)
        operate(request, app, change)
    return {'type': 'result', 'result': change.result()}


def respond(channel: Optional[int] = None) -> int:
    """`channel`: the descriptor of the one that stays, in its child."""
    source = Input(0)
    outcome = answer(lambda: serve(source, source if channel is None else Channel(channel)))
    line = outcome['result'] if outcome['type'] == 'result' else outcome
    if line is STAYS:
        return stay()
    emit(line)
    return 0 if line['type'] == 'result' else 1


# ---- Staying for many requests ---------------------------------------------------------------------------------

STAY = {'protocol': PROTOCOL, 'operation': 'stay'}
STAYS = {'type': 'result', 'result': {'stays': True, 'receives': True}}
# Tells a program that was replaced which descriptor is the channel.
CHANNEL = 'SAFEGUARD_CHANNEL'


def stay() -> int:
    """Takes one request after the other, as long as somebody is there. Each is carried out by a child, which is what a process
    is that was started for this request, with Python and its modules loaded already; `ended` follows its answer."""
    for module in ('encodings.idna', 'encodings.utf_16_be', 'socket', 'subprocess'):
        __import__(module)  # nearly all children use these
    loaded = program_on_disk()
    name_process('safeguard-stay')
    emit(STAYS)
    while True:
        # Read by hand, as nothing is sent ahead: what comes after a line while it is carried out belongs to nobody.
        received = answer(Input(0, STAY_SECONDS).line)
        if received['type'] == 'error':
            emit(received)
            return 1
        if not received['result']:
            return 0
        child = os.fork()
        if child == 0:
            return carry_out(received['result'], loaded)
        status = status_of(child)
        emit({'type': 'ended', 'status': status})
        # What comes next may be the rest of an archive. With status 0 all of it was taken, or none was asked for.
        if status != 0 and is_stage(received['result']):
            return 1


def is_stage(line: bytes) -> bool:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return False  # its child refused it, too, and asked for nothing
    return isinstance(request, dict) and request.get('operation') == 'stage'


def carry_out(line: bytes, loaded: tuple) -> int:
    """In the child: its standard input is the request and nothing else, so that nobody reads what is for the one that stays.
    The channel is kept beside it, for the archive of `stage`."""
    channel = os.dup(0)
    source = os.memfd_create('request')
    with open(source, 'wb', closefd=False) as file:
        file.write(line + b'\n')
    os.lseek(source, 0, os.SEEK_SET)
    os.dup2(source, 0)
    if program_on_disk() != loaded:
        # The host was prepared anew.
        os.set_inheritable(channel, True)
        os.execve(PROGRAM, [PROGRAM], {**os.environ, CHANNEL: str(channel)})
    name_process('safeguard-host')
    return respond(channel)


def status_of(child: int) -> int:
    """Waits for its end: its exit status, or the negative number of the signal. Whoever ends the one that stays ends its child."""
    import signal

    def end_both(*_: Any) -> None:
        os.kill(child, signal.SIGTERM)
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end_both)
    _, status = os.waitpid(child, 0)
    signal.signal(signal.SIGTERM, before)
    return os.waitstatus_to_exitcode(status)


def program_on_disk() -> tuple:
    """Changes when a file of the program is replaced."""
    found = (os.stat(path) if os.path.exists(path) else None for path in (PROGRAM, __file__))
    return tuple(file and (file.st_ino, file.st_size, file.st_mtime_ns) for file in found)


def name_process(name: str) -> None:
    """As `ps -o comm` shows it."""
    with open('/proc/self/comm', 'w', encoding='ascii') as file:
        file.write(name)


# ---- What Ansible shows of it ----------------------------------------------------------------------------------

DOCUMENTATION = r'''
module: safeguard_host
short_description: Looks at or changes a host through the installed safeguard-host
description:
  - Arguments are the fields of a request (src/domain/host-protocol.ts) without C(protocol), or O(request), a whole one.
  - O(archive) names the file on the controller that C(stage) sends; O(digest) of C(stage) follows from the manifest.
  - O(lease) is an hour and O(peers) nobody unless given.
  - In check mode nothing is changed; what would change is in RV(would) and, with diff, in RV(diff).
  - Carried out by the action plugin of this name (ansible/action_plugins), which has to lie beside the playbook.
'''


def main(arguments: list) -> int:
    os.umask(0o022)
    if not arguments:
        channel = os.environ.pop(CHANNEL, None)
        return respond(channel and int(channel))
    if arguments == ['gate']:
        return gate()
    if arguments[0] == 'lease' and len(arguments) == 2:
        return watch(arguments[1])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
