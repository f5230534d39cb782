"""What the tests start from: the program as a module, an application in a temporary directory, a manifest, archives."""
import copy
import io
import os
import sys
import tarfile
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'library'))
import safeguard_host as host  # noqa: E402

DIGEST = 'a' * 64
TOKEN = {'incarnation': '11111111-1111-4111-8111-111111111111', 'epoch': 3, 'run': '01RUN', 'step': 2, 'try': 1, 'attempt': 1}
ARTIFACT = {'file': 'backend.tar.gz', 'sha256': DIGEST, 'size': 10}
MANIFEST = {
    'application': 'campus',
    'version': '1.0.0',
    'components': {
        'backend': {
            'kind': 'systemd', 'artifact': ARTIFACT, 'unit': 'campus.service', 'user': 'campus',
            'exec': ['/usr/bin/java', '-jar', '{release}/app.jar'], 'environment': {'A': 'b'}, 'secrets': [],
            'port': 8080, 'stopTimeoutSeconds': 10,
        },
        'frontend': {
            'kind': 'static', 'artifact': ARTIFACT, 'listen': 80, 'serverName': '_', 'routes': {'/api/': 8080},
            'assets': '/_assets/',
        },
    },
}


def manifest(component='backend', **fields):
    changed = copy.deepcopy(MANIFEST)
    changed['components'][component].update(fields)
    return changed


def archive(*members):
    """A .tar.gz of (name, content) pairs or ready TarInfo objects."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode='w:gz') as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return data.getvalue()


def special(name, kind, linkname='', mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, linkname, mode
    return info


class HostTest(unittest.TestCase):
    """Gives each test directories of its own."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        for name in ('STATE_ROOT', 'RUN_ROOT', 'UNIT_ROOT', 'SITE_ROOT', 'CAPTURE_ROOT'):
            self.addCleanup(setattr, host, name, getattr(host, name))
            setattr(host, name, os.path.join(self.root, name.lower()))
            os.mkdir(getattr(host, name))
        self.app = host.App('campus-demo', os.path.join(self.root, 'opt'), 'campus', (80,), (8080,))
        host.ensure_state(self.app)
        os.makedirs(self.app.releases)

    def refused(self, code, call, *arguments):
        """The message of the error, which has this code."""
        with self.assertRaises(host.HostError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, code)
        return str(caught.exception)

    def lay_out(self, digest_or_manifest, files=()):
        """Puts a release in place as staging does; returns its digest."""
        digest = host.digest_of(digest_or_manifest)
        directory = f'{self.app.releases}/{digest}'
        os.makedirs(directory)
        host.write_durably(f'{directory}/manifest.json', host.canonical_json(digest_or_manifest).encode())
        for name in digest_or_manifest['components']:
            os.mkdir(f'{directory}/{name}')
            lines = []
            for path, content in dict(files).items():
                with open(f'{directory}/{name}/{path}', 'wb') as file:
                    file.write(content)
                lines.append(f'{host.sha256(content).hexdigest()}  {path}\n')
            host.write_durably(f'{directory}/.{name}.files', ''.join(lines).encode())
        return digest
