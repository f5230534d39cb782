"""Archives that are made to do harm: each is a clear refusal, in bounded time and memory, with nothing written outside."""
import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

from given import HostTest, archive, host, special

BLOCK = 512
# Of the child that unpacks; Python itself has some 30 MB.
MOST_BYTES = 256 << 20
MOST_SECONDS = 60

CHILD = '''
import resource, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import safeguard_host as host
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[4]), int(sys.argv[4])))
host.UNPACK_SECONDS = int(sys.argv[5])
try:
    host.unpack(sys.argv[2], sys.argv[3])
    print('UNPACKED')
except host.HostError as error:
    print(error.code, error)
'''


def header(name, kind=tarfile.REGTYPE, size=0, **fields):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def pax(records):
    """An extended header as bytes, whose length need not be true."""
    return header('pax', tarfile.XHDTYPE, len(records)) + padded(records)


def record(key, value):
    text = f' {key}={value}\n'.encode()
    length = len(text) + 2
    while len(str(length)) + len(text) != length:
        length += 1
    return str(length).encode() + text


def sparse_chain(blocks):
    """A sparse file whose map goes on and on: 21 entries in each block, and another one follows."""
    head = bytearray(header('sparse', tarfile.GNUTYPE_SPARSE, 0))
    entry = b'00000000001\0' * 2
    head[386:386 + 4 * 24] = entry * 4
    head[482] = 1
    head[148:156] = b' ' * 8
    head[148:156] = b'%06o\0 ' % sum(head)
    block = entry * 21 + b'\1' + bytes(7)
    return gzip.compress(bytes(head)) + gzip.compress(block * 2048, 1) * (blocks // 2048)


def files(count, name='f{}'):
    return b''.join(header(name.format(number)) for number in range(count))


def bomb(gigabytes):
    """One file of zeros; gzip lets pieces that were compressed once be repeated."""
    piece = gzip.compress(bytes(64 << 20), 9)
    return gzip.compress(header('zeros', size=gigabytes << 30)) + piece * (gigabytes * 16)


def deep(members):
    return b''.join(header(f'{number}/' + '/'.join('d' * 400) + '/f') for number in range(members))


def hostile():
    """What makes each archive, and what is said of it."""
    digits = header('digits', tarfile.XHDTYPE, 32 * 1024) + b'1' * (32 * 1024)
    return {
        'ten gigabytes': (lambda: bomb(10), 'more than'),
        'a hundred thousand files': (lambda: gzip.compress(files(100_000)), 'more than 20000 files'),
        'directories in directories': (lambda: gzip.compress(deep(1000)), 'more than 20000 files'),
        'one directory a hundred thousand times': (lambda: gzip.compress(header('d', tarfile.DIRTYPE) * 100_000), 'more than'),
        'a sparse file with an endless map': (lambda: sparse_chain(1 << 20), 'sparse'),
        'a sparse file of the other kind': (lambda:
            gzip.compress(pax(record('GNU.sparse.major', '1') + record('GNU.sparse.minor', '0')) + header('f')
                          + b'9' * (1 << 20)), 'sparse'),
        'a sparse map that is none': (lambda:
            gzip.compress(pax(record('GNU.sparse.map', 'a,b')) + header('f')), 'sparse'),
        'headers of headers': (lambda: gzip.compress(pax(record('comment', 'x')) * 5000 + header('f')), 'header'),
        'names of names': (lambda: gzip.compress((header('l', tarfile.GNUTYPE_LONGNAME, 1) + padded(b'x')) * 5000), 'header'),
        'a header of a gigabyte': (lambda: gzip.compress(header('x', tarfile.XHDTYPE, 1 << 30)), 'header'),
        'a header of less than nothing': (lambda: gzip.compress(header('x', tarfile.XHDTYPE, -512)), 'header'),
        'headers that are hard to read': (
            lambda: gzip.compress(b''.join(digits + header(f'f{number}') for number in range(2000)), 1), 'within 2 s'),
        'a file of less than nothing': (lambda: gzip.compress(pax(record('size', '-1536')) + header('f')), 'the archive'),
        'a size that is no number': (lambda: gzip.compress(header('f')[:124] + b'\xff' * 12 + header('f')[136:]), 'the archive'),
        'a link to nothing': (lambda: archive(special('l', tarfile.SYMTYPE, '')), 'leads nowhere'),
        'a link that dangles': (lambda: archive(special('l', tarfile.SYMTYPE, 'none')), 'leads nowhere'),
        'a link to itself': (lambda: archive(special('l', tarfile.SYMTYPE, 'l')), 'leads nowhere'),
        'a link too long for the disk': (lambda: archive(special('l', tarfile.SYMTYPE, 'x' * 5000)), 'leads nowhere'),
        'a set-uid program': (lambda: archive(special('p', tarfile.REGTYPE, mode=0o4755)), 'set-uid'),
        'a set-gid program': (lambda: archive(special('p', tarfile.REGTYPE, mode=0o2755)), 'set-uid'),
        'a name that is no text': (lambda: gzip.compress(header('f').replace(b'f', b'\xff', 1)), 'the archive'),
        'an archive in an archive': (lambda: gzip.compress(gzip.compress(files(3))), 'cannot be read'),
    }


class HostileArchiveTest(unittest.TestCase):
    def test_each_is_refused_in_bounded_time_and_memory(self):
        library = os.path.dirname(os.path.abspath(host.__file__))
        for what, (make, says) in hostile().items():
            with self.subTest(what), tempfile.TemporaryDirectory() as root:
                with open(f'{root}/archive', 'wb') as file:
                    file.write(make())
                os.mkdir(f'{root}/target')
                began = time.monotonic()
                seconds = '2' if what == 'headers that are hard to read' else '40'
                arguments = [library, f'{root}/archive', f'{root}/target', str(MOST_BYTES), seconds]
                child = subprocess.run([sys.executable, '-c', CHILD, *arguments], capture_output=True, text=True,
                                       check=False)
                self.assertRegex(child.stdout, f'^ARCHIVE_REFUSED .*{says}', child.stderr[-500:])
                self.assertLess(time.monotonic() - began, MOST_SECONDS)
                self.assertEqual(sorted(os.listdir(root)), ['archive', 'target'])


class DiskTest(HostTest):
    def test_an_archive_may_not_take_the_last_room(self):
        os.mkdir(f'{self.root}/target')
        with open(f'{self.root}/archive', 'wb') as file:
            file.write(archive(('a', bytes(1000))))
        self.addCleanup(setattr, host, 'free_bytes', host.free_bytes)
        host.free_bytes = lambda _: host.UNPACK_FREE_BYTES + 999
        with self.assertRaises(OSError) as caught:
            host.unpack(f'{self.root}/archive', f'{self.root}/target')
        self.assertTrue(host.is_disk_full(caught.exception))
        self.assertEqual(os.listdir(f'{self.root}/target'), [])


class AnyNameTest(HostTest):
    """Names as chance makes them, from a seed that is told when one does harm."""

    PARTS = ('..', '.', '', 'a', 'b', 'c', 'l', '/', '//', '\0', '\n', '\\', ' ', 'é', '\u202e', 'x' * 300, '~', '$(id)', '-rf')

    def name(self, chance):
        return '/'.join(chance.choice(self.PARTS) for _ in range(chance.randint(1, 5)))

    def member(self, chance):
        kind = chance.choice((tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE))
        return special(self.name(chance), kind, self.name(chance), chance.choice((0o644, 0o755, 0o777)))

    def test_nothing_is_ever_written_or_read_outside(self):
        for seed in range(400):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory() as root:
                chance = random.Random(seed)
                data = archive(*(self.member(chance) for _ in range(chance.randint(1, 6))))
                with open(f'{root}/archive', 'wb') as file:
                    file.write(data)
                os.mkdir(f'{root}/target')
                try:
                    listing = host.unpack(f'{root}/archive', f'{root}/target')
                except host.HostError as error:
                    self.assertEqual(error.code, 'ARCHIVE_REFUSED')
                    listing = None
                self.assertEqual(sorted(os.listdir(root)), ['archive', 'target'])
                if listing is None:
                    continue
                found = [path for path, _ in host.list_files(f'{root}/target')]
                self.assertEqual(sorted(line[66:-1] for line in listing), sorted(found))
                self.assertTrue(all(host.is_inside(f'{root}/target/{path}', f'{root}/target') for path in found))
                self.assertFalse(any(os.stat(f'{root}/target/{path}').st_mode & 0o7022 for path in found))

    def test_cut_or_altered_bytes_are_refused_or_harmless(self):
        whole = bytearray(gzip.decompress(archive(
            ('a/b', b'x' * 2000), special('a/l', tarfile.SYMTYPE, 'b'), special('h', tarfile.LNKTYPE, 'a/b'))))
        for seed in range(400):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory() as root:
                chance = random.Random(seed)
                data = bytearray(whole)
                for _ in range(chance.randint(1, 8)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                stream = io.BytesIO()
                with gzip.GzipFile(fileobj=stream, mode='wb', compresslevel=1) as packed:
                    packed.write(data[:chance.randint(1, len(data))])
                with open(f'{root}/archive', 'wb') as file:
                    file.write(stream.getvalue())
                os.mkdir(f'{root}/target')
                try:
                    host.unpack(f'{root}/archive', f'{root}/target')
                except host.HostError as error:
                    self.assertEqual(error.code, 'ARCHIVE_REFUSED')
                self.assertEqual(sorted(os.listdir(root)), ['archive', 'target'])
