"""Archives are untrusted."""
import os
import tarfile

from given import HostTest, archive, host, special


class UnpackTest(HostTest):
    def unpack(self, *members, data=None):
        path, target = f'{self.root}/archive', f'{self.root}/target'
        with open(path, 'wb') as file:
            file.write(archive(*members) if data is None else data)
        os.mkdir(target)
        return host.unpack(path, target)

    def test_unpacks_files_directories_and_links_that_stay_inside(self):
        listing = self.unpack(('./a/b.txt', b'b'), special('a/c', tarfile.SYMTYPE, 'b.txt'), special('d', tarfile.LNKTYPE, 'a/b.txt'))
        self.assertEqual([line[64:] for line in listing], ['  a/b.txt\n', ' @a/c\n', '  d\n'])
        self.assertEqual(host.read_bytes(f'{self.root}/target/a/c'), b'b')

    def test_modes_are_ours(self):
        program = tarfile.TarInfo('run')
        program.mode = 0o777
        self.unpack(program, special('open', tarfile.DIRTYPE, mode=0o1777), ('plain', b''))
        modes = [os.stat(f'{self.root}/target/{name}').st_mode & 0o7777 for name in ('run', 'open', 'plain')]
        self.assertEqual(modes, [0o755, 0o755, 0o644])

    def test_the_times_of_the_archive_are_not_kept(self):
        self.unpack(('a', b''))
        self.assertGreater(os.stat(f'{self.root}/target/a').st_mtime, 0)

    def test_refuses_to_leave(self):
        for number, members in enumerate((
                [('../x', b'')], [('/etc/x', b'')], [('a/../../x', b'')], [('a\nb', b'')],
                [special('l', tarfile.SYMTYPE, '/etc')], [special('l', tarfile.SYMTYPE, '../..')],
                [special('l', tarfile.SYMTYPE, '.'), ('l/x', b'')],
                [('x/y/f', b''), special('x/y/l', tarfile.SYMTYPE, '../..'), special('m', tarfile.SYMTYPE, 'x/y/l/../..')],
                [special('h', tarfile.LNKTYPE, '/etc/passwd')], [special('h', tarfile.LNKTYPE, '../../etc/passwd')],
                [special('l', tarfile.SYMTYPE, 'x'), special('h', tarfile.LNKTYPE, 'l')],
                [special('d', tarfile.CHRTYPE)], [special('d', tarfile.BLKTYPE)], [special('d', tarfile.FIFOTYPE)],
                [('a', b''), ('a', b'')], [('a', b''), ('a/b', b'')])):
            with self.subTest(number):
                self.refused('ARCHIVE_REFUSED', lambda members=members: self.unpack(*members))
            host.remove_tree(f'{self.root}/target')

    def test_refuses_what_is_no_archive_or_cut(self):
        whole = archive(('a', os.urandom(100_000)))
        for data in (b'', b'not an archive', whole[:len(whole) // 2]):
            with self.subTest(data[:5]):
                self.refused('ARCHIVE_REFUSED', lambda data=data: self.unpack(data=data))
            host.remove_tree(f'{self.root}/target')

    def test_limits(self):
        self.addCleanup(setattr, host, 'MAX_FILES', host.MAX_FILES)
        self.addCleanup(setattr, host, 'MAX_UNPACKED_BYTES', host.MAX_UNPACKED_BYTES)
        host.MAX_FILES, host.MAX_UNPACKED_BYTES = 2, 100
        self.refused('ARCHIVE_REFUSED', lambda: self.unpack(('a', b''), ('b', b''), ('c', b'')))
        host.remove_tree(f'{self.root}/target')
        self.refused('ARCHIVE_REFUSED', lambda: self.unpack(('a', b'x' * 101)))

    def test_a_header_that_claims_to_be_huge_is_not_read_into_memory(self):
        header = tarfile.TarInfo('x')
        header.type, header.size = tarfile.XHDTYPE, 1 << 30
        self.refused('ARCHIVE_REFUSED', lambda: self.unpack(header))


class InputTest(HostTest):
    def given(self, data):
        read, write = os.pipe()
        os.write(write, data)
        os.close(write)
        self.addCleanup(os.close, read)
        return host.Input(read)

    def test_a_line_then_bytes(self):
        source = self.given(b'{"a":1}\nrest of it')
        self.assertEqual(source.line(), b'{"a":1}')
        self.addCleanup(setattr, host, 'print_progress', host.print_progress)
        host.print_progress = lambda *_: None
        self.assertEqual(b''.join(source.pieces(4)), b'rest')

    def test_too_few_bytes(self):
        self.assertIn('3 of 4', self.refused('TRUNCATED', lambda: list(self.given(b'abc').pieces(4))))

    def test_a_channel_is_asked_for_its_bytes_and_what_follows_them_is_left(self):
        told = []
        for name, instead in (('emit', told.append), ('print_progress', lambda *_: None)):
            self.addCleanup(setattr, host, name, getattr(host, name))
            setattr(host, name, instead)
        channel = host.Channel(self.given(b'archive{"operation":"forged"}\n').descriptor)
        self.assertEqual(told, [])
        self.assertEqual(b''.join(channel.pieces(7)), b'archive')
        self.assertEqual(told, [{'type': 'ready'}])
        self.assertEqual(channel.line(), b'{"operation":"forged"}')

    def test_a_sender_that_stalls(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        self.addCleanup(setattr, host, 'INPUT_SECONDS', host.INPUT_SECONDS)
        host.INPUT_SECONDS = 0
        self.refused('TRUNCATED', host.Input(read).line)
