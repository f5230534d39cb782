"""Releases on the disk: whole or not at all, altered or not, pruned or kept."""
import os
import time

from given import MANIFEST, HostTest, host

FILES = {'a.txt': b'a', 'b.txt': b'b'}


class ReleaseTest(HostTest):
    def numbered(self, count):
        digests = []
        for number in range(count):
            digests.append(self.lay_out({**MANIFEST, 'version': str(number)}))
            os.utime(f'{self.app.releases}/{digests[-1]}', (number, number))
        return digests

    def test_a_whole_one_is_listed(self):
        digest = self.lay_out(MANIFEST, FILES)
        self.assertEqual(host.complete_releases(self.app), [{'digest': digest, 'version': '1.0.0'}])
        self.assertEqual(host.file_differences(self.app, digest, 'backend'), [])

    def test_a_component_that_is_missing_makes_it_incomplete(self):
        digest = self.lay_out(MANIFEST)
        os.unlink(f'{self.app.releases}/{digest}/.frontend.files')
        self.assertEqual(host.complete_releases(self.app), [])
        self.assertIn('frontend', self.refused('NOT_STAGED', host.load_complete_release, self.app, digest))

    def test_an_altered_manifest_is_no_release(self):
        digest = self.lay_out(MANIFEST)
        with open(f'{self.app.releases}/{digest}/manifest.json', 'a', encoding='utf-8') as file:
            file.write(' ')
        self.refused('NOT_STAGED', host.load_release, self.app, digest)

    def test_alterations_are_told(self):
        digest = self.lay_out(MANIFEST, FILES)
        directory = f'{self.app.releases}/{digest}/backend'
        os.unlink(f'{directory}/a.txt')
        os.unlink(f'{directory}/b.txt')
        os.symlink('/etc/passwd', f'{directory}/b.txt')
        os.mkdir(f'{directory}/new')
        with open(f'{directory}/new/c', 'wb'):
            pass
        self.assertEqual(host.file_differences(self.app, digest, 'backend'), [
            'backend: b.txt was altered', 'backend: a.txt is missing', 'backend: new/c is no part of the release'])

    def settled(self):
        """A release that was written a while ago, and its backend's directory."""
        digest = self.lay_out(MANIFEST, FILES)
        host.ensure_state(self.app)
        time.sleep(2 * host.TIMESTAMP_SECONDS)
        return digest, f'{self.app.releases}/{digest}/backend'

    def reads(self, digest):
        """What differs, and how many files were read to know."""
        read, count = host.read_bytes, []
        host.read_bytes = lambda path: count.append(path) or read(path)
        try:
            found = host.differences(self.app, digest, 'backend')
        finally:
            host.read_bytes = read
        return found, sum('/backend/' in path for path in count)

    def test_what_was_found_whole_is_not_read_again(self):
        digest, _ = self.settled()
        self.assertEqual(self.reads(digest), ([], 2))
        self.assertEqual(self.reads(digest), ([], 0))

    def test_any_change_since_is_found(self):
        digest, directory = self.settled()
        self.reads(digest)

        def alter(name, data):
            known = os.stat(f'{directory}/{name}')
            with open(f'{directory}/{name}', 'r+b') as file:
                file.write(data)
            os.utime(f'{directory}/{name}', ns=(known.st_atime_ns, known.st_mtime_ns))  # as one who hides it

        alter('a.txt', b'X')
        self.assertEqual(self.reads(digest)[0], ['backend: a.txt was altered'])
        alter('a.txt', b'a')
        self.assertEqual(self.reads(digest), ([], 2))
        os.rename(f'{directory}/b.txt', f'{directory}/c.txt')
        self.assertEqual(self.reads(digest)[0], ['backend: b.txt is missing', 'backend: c.txt is no part of the release'])

    def test_what_differs_is_read_each_time(self):
        digest, directory = self.settled()
        os.unlink(f'{directory}/b.txt')
        for _ in range(2):
            self.assertEqual(self.reads(digest), (['backend: b.txt is missing'], 1))

    def test_nothing_is_believed_for_long_nor_of_files_just_written(self):
        digest, directory = self.settled()
        self.addCleanup(setattr, host, 'SEEN_SECONDS', host.SEEN_SECONDS)
        host.SEEN_SECONDS = -1
        self.reads(digest)
        self.assertEqual(self.reads(digest), ([], 2))
        host.SEEN_SECONDS = 600
        os.utime(f'{directory}/a.txt')
        self.reads(digest)
        self.assertEqual(self.reads(digest), ([], 2))

    def test_pruning_keeps_the_newest_and_what_is_needed(self):
        digests = self.numbered(6)
        host.update_ledger(self.app, None, lambda _: {'committed': digests[1], 'previous': digests[0]})
        host.prune_releases(self.app, 3)
        self.assertEqual(set(host.release_digests(self.app)), {digests[0], digests[1], digests[5]})

    def test_pruning_keeps_what_served_before_newer_releases_that_never_did(self):
        digests = self.numbered(6)
        for digest in (digests[2], digests[0], digests[1], None):
            self.commit(digest)
        self.assertEqual(host.read_ledger(self.app)['served'], [digests[1], digests[0], digests[2]])
        host.prune_releases(self.app, 4)
        self.assertEqual(set(host.release_digests(self.app)), {*digests[:3], digests[5]})

    def test_pruning_by_the_ledger_of_an_older_program(self):
        digests = self.numbered(4)
        self.commit(digests[0])
        host.update_ledger(self.app, None, lambda _: {'served': [], 'committed': digests[1]})
        host.prune_releases(self.app, 2)
        self.assertEqual(set(host.release_digests(self.app)), {digests[0], digests[1]})

    def commit(self, digest):
        request = {'token': {'run': str(digest)}, 'peers': []}
        host.update_ledger(self.app, None, lambda ledger: host.committed_ledger(ledger, digest, request, None))

    def test_pruning_spares_a_release_that_a_process_uses(self):
        digests = self.numbered(3)
        here = os.getcwd()
        os.chdir(f'{self.app.releases}/{digests[0]}/backend')
        self.addCleanup(os.chdir, here)
        host.prune_releases(self.app, 1)
        self.assertEqual(set(host.release_digests(self.app)), {digests[0], digests[2]})

    def test_leftovers_of_the_dead_are_swept(self):
        os.mkdir(f'{self.app.releases}/.staging-{os.getpid()}-1')
        os.mkdir(f'{self.app.releases}/.staging-99999999-1')
        os.mkdir(f'{self.app.releases}/.trash-99999999-{"a" * 64}')
        host.sweep(self.app)
        self.assertEqual(os.listdir(self.app.releases), [f'.staging-{os.getpid()}-1'])


class DurableTest(HostTest):
    def test_a_file_is_replaced_whole(self):
        path = f'{self.root}/file'
        host.write_durably(path, b'old')
        host.write_durably(path, b'new', 0o600)
        self.assertEqual((host.read_bytes(path), os.stat(path).st_mode & 0o777), (b'new', 0o600))
        self.assertEqual([name for name in os.listdir(self.root) if 'new' in name], [])

    def test_the_ballast_is_given_up_when_the_disk_is_full(self):
        host.ensure_ballast(self.app)
        self.assertTrue(os.path.exists(self.app.ballast))
        write = host.write_durably
        self.addCleanup(setattr, host, 'write_durably', write)

        def full_while_ballast(path, data, mode):
            if os.path.exists(self.app.ballast):
                raise OSError(28, 'No space left on device')
            write(path, data, mode)
        host.write_durably = full_while_ballast
        host.write_with_ballast(self.app, f'{self.root}/file', b'x')
        self.assertEqual(host.read_bytes(f'{self.root}/file'), b'x')
        self.assertFalse(os.path.exists(self.app.ballast))
