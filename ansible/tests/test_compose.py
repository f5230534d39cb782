"""Composite releases: whole copies of what lies here, or nothing."""
import copy
import errno
import os
import shutil

from given import MANIFEST, TOKEN, HostTest, host

OLD, NEW = {'a.txt': b'old', 'run': b'#!'}, {'a.txt': b'new', 'run': b'#!'}


class ComposeTest(HostTest):
    def setUp(self):
        super().setUp()
        self.replace('check_places_are_free', lambda *_: None)  # asks systemd
        one, two = copy.deepcopy(MANIFEST), {**copy.deepcopy(MANIFEST), 'version': '2.0.0'}
        for manifest, port in ((one, 8080), (two, 8081)):
            manifest['components']['backend'].update(secrets=['KEY'], environment={'OTHER': str(port)})
            manifest['components']['frontend']['serverName'] = f'{port}.example'
        self.one, self.two = self.lay_out(one, OLD), self.lay_out(two, NEW)
        for digest in (self.one, self.two):
            self.write(f'{digest}/.backend.env', f'KEY="{digest[:8]}"\n', 0o600)
            os.chmod(f'{self.app.releases}/{digest}/backend/run', 0o755)
        self.composite = {**one, 'version': '2.0.0+backend.1.0.0', 'components': {
            'backend': one['components']['backend'], 'frontend': two['components']['frontend']}}
        self.digest = host.digest_of(self.composite)
        host.update_ledger(self.app, None, lambda _: {'token': TOKEN})
        self.addCleanup(lambda: self.assertEqual([name for name in os.listdir(self.app.releases) if name[0] == '.'], []))

    def replace(self, name, value):
        self.addCleanup(setattr, host, name, getattr(host, name))
        setattr(host, name, value)

    def write(self, path, content, mode=0o644):
        host.write_durably(f'{self.app.releases}/{path}', content.encode(), mode)

    def compose(self, check=False, **fields):
        request = {'operation': 'compose', 'token': TOKEN, 'manifest': self.composite, 'digest': self.digest,
                   'sources': {'backend': self.one, 'frontend': self.two}, **fields}
        return host.compose(request, self.app, host.Change(self.app, lambda _: None, check))

    def staged(self):
        return [name for name in ('backend', 'frontend') if host.is_staged(self.app, self.digest, name)]

    def test_takes_each_component_from_its_source(self):
        self.assertEqual(self.compose(), {'changed': True})
        directory = f'{self.app.releases}/{self.digest}'
        self.assertEqual(host.read_bytes(f'{directory}/backend/a.txt'), b'old')
        self.assertEqual(host.read_bytes(f'{directory}/frontend/a.txt'), b'new')
        self.assertEqual(host.read_bytes(f'{directory}/.backend.env'), f'KEY="{self.one[:8]}"\n'.encode())
        self.assertEqual(os.stat(f'{directory}/.backend.env').st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(f'{directory}/backend/run').st_mode & 0o777, 0o755)
        self.assertEqual(host.load_complete_release(self.app, self.digest).version, '2.0.0+backend.1.0.0')
        self.assertEqual([wrong for name in ('backend', 'frontend')
                          for wrong in host.file_differences(self.app, self.digest, name)], [])

    def test_the_copies_are_their_own(self):
        self.compose()
        with open(f'{self.app.releases}/{self.digest}/backend/a.txt', 'wb') as file:
            file.write(b'altered')
        self.assertEqual(host.file_differences(self.app, self.one, 'backend'), [])

    def test_links_and_directories_are_kept(self):
        directory = f'{self.app.releases}/{self.one}/backend'
        os.makedirs(f'{directory}/deep/er')
        os.makedirs(f'{directory}/empty')
        os.symlink('../a.txt', f'{directory}/deep/link')
        with open(f'{self.app.releases}/{self.one}/.backend.files', 'a', encoding='utf-8') as file:
            file.write(f'{host.sha256(b"../a.txt").hexdigest()} @deep/link\n')
        self.sort_listing(self.one)
        self.compose()
        made = f'{self.app.releases}/{self.digest}/backend'
        self.assertEqual(os.readlink(f'{made}/deep/link'), '../a.txt')
        self.assertTrue(os.path.isdir(f'{made}/empty') and os.path.isdir(f'{made}/deep/er'))

    def sort_listing(self, digest):
        path = f'{self.app.releases}/{digest}/.backend.files'
        lines = host.read_bytes(path).decode().splitlines(keepends=True)
        host.write_durably(path, ''.join(sorted(lines, key=lambda line: line[66:])).encode())

    def test_once_more_changes_nothing_even_without_the_sources(self):
        self.compose()
        self.assertEqual(self.compose(), {'changed': False})
        shutil.rmtree(f'{self.app.releases}/{self.one}')
        self.assertEqual(self.compose(), {'changed': False})

    def test_what_was_altered_since_is_made_again(self):
        self.compose()
        os.unlink(f'{self.app.releases}/{self.digest}/backend/a.txt')
        self.assertEqual(self.compose(), {'changed': True})
        self.assertEqual(host.file_differences(self.app, self.digest, 'backend'), [])

    def test_secrets_follow_those_of_the_source(self):
        self.compose()
        self.write(f'{self.one}/.backend.env', 'KEY="rotated"\n', 0o600)
        self.assertEqual(self.compose(), {'changed': True})
        self.assertEqual(host.read_text(f'{self.app.releases}/{self.digest}/.backend.env'), 'KEY="rotated"\n')

    def test_refuses_sources_that_do_not_serve(self):
        for code, sources in (
                ('NOT_STAGED', {'backend': 'a' * 64, 'frontend': self.two}),
                ('BAD_REQUEST', {'backend': self.two, 'frontend': self.two}),
                ('BAD_REQUEST', {'backend': self.one}),
                ('BAD_REQUEST', {'backend': self.one, 'frontend': self.two, 'other': self.two}),
                ('BAD_REQUEST', {'backend': '../' * 20, 'frontend': self.two}),
                ('BAD_REQUEST', {'backend': self.digest, 'frontend': self.two})):
            with self.subTest(sources):
                self.refused(code, lambda sources=sources: self.compose(sources=sources))
        self.refused('CHECKSUM_MISMATCH', lambda: self.compose(digest='a' * 64))
        self.assertNotIn(self.digest, host.release_digests(self.app))

    def test_refuses_a_source_that_is_not_complete(self):
        os.unlink(f'{self.app.releases}/{self.one}/.frontend.files')
        self.refused('NOT_STAGED', self.compose)

    def test_refuses_a_source_without_its_secrets(self):
        os.unlink(f'{self.app.releases}/{self.one}/.backend.env')
        self.assertIn('the secrets of backend', self.refused('NOT_STAGED', lambda: self.compose(check=True)))
        self.assertIn('the secrets of backend', self.refused('NOT_STAGED', self.compose))

    def test_refuses_an_altered_source(self):
        with open(f'{self.app.releases}/{self.one}/backend/a.txt', 'wb') as file:
            file.write(b'altered')
        self.assertIn('a.txt was altered', self.refused('CHECKSUM_MISMATCH', self.compose))
        self.assertNotIn(self.digest, host.release_digests(self.app))

    def test_refuses_a_source_that_is_altered_while_it_is_copied(self):
        copy_files = host.copy_files

        def alter_and_copy(source, target):
            copy_files(source, target)
            if os.path.exists(f'{target}/a.txt'):
                host.write_durably(f'{target}/a.txt', b'altered')
        self.replace('copy_files', alter_and_copy)
        self.refused('CHECKSUM_MISMATCH', self.compose)
        self.assertEqual(self.staged(), [])

    def test_a_full_disk_leaves_nothing(self):
        def full(*_):
            raise OSError(errno.ENOSPC, 'No space left on device')
        self.replace('sync_file_system', full)
        self.refused('DISK_FULL', self.compose)
        self.assertNotIn(self.digest, host.release_digests(self.app))

    def test_nothing_shows_before_all_is_copied(self):
        seen = []
        self.replace('sync_file_system', lambda _: seen.append(self.staged()))
        self.compose()
        self.assertEqual((seen, self.staged()), ([[]], ['backend', 'frontend']))

    def test_who_was_overtaken_meanwhile_publishes_nothing(self):
        newer = {**TOKEN, 'epoch': 4, 'run': '02RUN'}
        self.replace('sync_file_system', lambda _: host.update_ledger(self.app, None, lambda _: {'token': newer}))
        self.refused('FENCED', self.compose)
        self.assertEqual(self.staged(), [])

    def test_an_older_token_is_refused(self):
        self.refused('FENCED', lambda: self.compose(token={**TOKEN, 'epoch': 2}))

    def test_a_newer_token_is_accepted_and_stored(self):
        newer = {**TOKEN, 'epoch': 4, 'run': '02RUN'}
        self.compose(token=newer)
        self.assertEqual(host.read_ledger(self.app)['token'], newer)

    def test_check_mode_only_says(self):
        told = self.compose(check=True)
        self.assertEqual(told['would'], ['composes backend of 2.0.0+backend.1.0.0 from 1.0.0',
                                         'composes frontend of 2.0.0+backend.1.0.0 from 2.0.0'])
        self.assertNotIn(self.digest, host.release_digests(self.app))
