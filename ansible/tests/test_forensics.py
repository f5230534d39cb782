"""Forensics: what is kept, what is taken out of it, and that it ends."""
import json
import os
import subprocess
import time

from given import TOKEN, HostTest, host, manifest


class SecretTest(HostTest):
    VALUES = ('plain-value', 'with "quotes" \\ $dollar `tick`', 'first line\nsecond line', 'ümläut%41', 'abc')

    def known(self, *values):
        return host.secret_forms(set(values))

    def test_reads_what_staging_writes(self):
        path = f'{self.root}/.backend.env'
        host.write_durably(path, host.render_environment({f'S{i}': value for i, value in enumerate(self.VALUES)}).encode())
        self.assertEqual(host.read_values(path), list(self.VALUES))

    def test_finds_the_files_of_all_applications(self):
        other = host.App('other-demo', f'{self.root}/other', 'other', (), ())
        for app, value in ((self.app, 'one-value'), (other, 'two-value')):
            os.makedirs(f'{app.releases}/{"b" * 64}')
            host.write_durably(f'{app.releases}/{"b" * 64}/.backend.env', f'KEY="{value}"\n'.encode(), 0o600)
        entries = {app.name: {'root': app.root, 'user': app.user, 'listen': [], 'ports': []} for app in (self.app, other)}
        read = host.read_configuration
        self.addCleanup(setattr, host, 'read_configuration', read)
        host.read_configuration = lambda: entries
        self.assertEqual(host.known_secrets(), ['one-value', 'two-value'])

    def test_a_file_that_cannot_be_read_fails_the_whole(self):
        os.mkdir(f'{self.root}/.backend.env')
        with self.assertRaises(IsADirectoryError):
            host.read_values(f'{self.root}/.backend.env')

    def test_takes_out_every_value_in_every_form(self):
        for value in self.VALUES[:-1]:
            for form in (value, json.dumps(value), json.dumps(value, ensure_ascii=False), host.quote(value)):
                cleared = host.redact(f'before {form} after', self.known(*self.VALUES))
                with self.subTest(form):
                    self.assertNotIn(value, cleared)
                    self.assertRegex(cleared, r'^before "?\*\*\*"? after$')

    def test_takes_out_each_line_of_one_that_a_log_has_cut_up(self):
        log = '10:00 app: first line\n10:01 app: second line\n'
        self.assertEqual(host.redact(log, self.known(*self.VALUES)), '10:00 app: ***\n10:01 app: ***\n')

    def test_the_longest_first(self):
        self.assertEqual(host.redact('secret-and-more', self.known('secret', 'secret-and-more')), '***')

    def test_leaves_what_is_too_short_to_be_told_apart(self):
        self.assertEqual(host.redact('abc', self.known('abc')), 'abc')

    def test_json_stays_json(self):
        value = {'port': 8080, 'ok': True, 'none': None, 'key-8080': ['8080', 1.5]}
        self.assertEqual(host.redact_all(value, ['8080']), {'port': '***', 'ok': True, 'none': None, 'key-***': ['***', 1.5]})


class TextTest(HostTest):
    def test_a_reversed_log_is_turned_and_keeps_its_paragraphs(self):
        log = '2026-01-01T10:00:02+0000 b\n   of two lines\n2026-01-01T10:00:01+0000 a\n'
        self.assertEqual(host.oldest_first(log), '2026-01-01T10:00:01+0000 a\n2026-01-01T10:00:02+0000 b\n   of two lines\n')

    def test_of_a_log_the_last_minutes_or_what_goes_further_back(self):
        last = host.LAST_ENTRIES
        told = {'a.log': ('', None), f'a{last}': ('new\nold\n', None), 'disk.txt': ('x\n', None),
                'b.log': ('new\nolder\noldest\n', 'late'), f'b{last}': ('new\n', None),
                'c.log': ('', None), f'c{last}': ('', 'journalctl ended with 1')}
        self.assertEqual(host.longer_logs(told), {
            'a.log': ('new\nold\n', None), 'disk.txt': ('x\n', None), 'b.log': ('new\nolder\noldest\n', 'late'),
            'c.log': ('', 'journalctl ended with 1')})

    def test_the_newest_lines_are_kept(self):
        self.assertEqual(host.newest('one\ntwo\nthree\n', 10), 'three\n')
        self.assertEqual(host.newest('one\n', 4), 'one\n')

    def test_the_end_of_a_file_begins_with_a_whole_line(self):
        host.write_durably(f'{self.root}/log', b'first secret\nsecond\n')
        self.assertEqual(host.read_end(f'{self.root}/log', 10), 'second\n')
        self.assertEqual(host.read_end(f'{self.root}/log', 100), 'first secret\nsecond\n')

    def test_the_answer_has_the_small_files_whole_and_the_ends_of_the_others(self):
        log = ''.join(f'line {number}\n' for number in range(1000))
        kept = host.cut_to_answer({'a.log': log, 'b.log': log, 'small': 'x' * 50}, 1000)
        self.assertEqual(kept['small'], 'x' * 50)
        self.assertLessEqual(sum(map(len, kept.values())), 1000)
        self.assertTrue(all(kept[name].endswith('line 999\n') and len(kept[name]) > 400 for name in ('a.log', 'b.log')))


class AskTest(HostTest):
    def ask(self, seconds, **commands):
        return host.ask_all(commands, time.monotonic() + seconds)

    def test_side_by_side_and_what_was_said_in_time(self):
        begun = time.monotonic()
        told = self.ask(1, quick=(('echo', 'done'), None, (0,)), echo=(('cat',), 'asked', (0,)),
                        slow=(('sh', '-c', 'echo early; printf half-a-secret; sleep 60'), None, (0,)),
                        wrong=(('sh', '-c', 'echo why; exit 4'), None, (0,)), none=(('/no/such/program',), None, (0,)))
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(told['quick'], ('done\n', None))
        self.assertEqual(told['echo'], ('asked', None))
        self.assertEqual(told['slow'], ('early\n', 'sh did not end in time'))
        self.assertEqual(told['wrong'], ('why\n', 'sh ended with 4: why'))
        self.assertIn('cannot be run', told['none'][1])

    def test_nobody_is_left(self):
        name = f'{self.root}/pid'
        self.ask(0.5, slow=(('sh', '-c', f'sleep 60 & echo $! > {name}; wait'), None, (0,)))
        ran = subprocess.run(['ps', '-o', 'stat=', '-p', host.read_text(name).strip()], stdout=subprocess.PIPE, check=False)
        self.assertIn(ran.stdout.strip()[:1], (b'', b'Z'))

    def test_a_flood_is_stopped_when_it_is_enough(self):
        text, why = self.ask(30, flood=(('yes', 'word'), None, (0,)))['flood']
        self.assertIsNone(why)
        self.assertTrue(host.FORENSICS_LOG_BYTES - 5 <= len(text) < 2 * host.FORENSICS_LOG_BYTES and text.endswith('word\n'))


class BundleTest(HostTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, host, 'FORENSICS_ROOT', host.FORENSICS_ROOT)
        host.FORENSICS_ROOT = f'{self.root}/forensics'

    def keep(self, stamp):
        return host.keep_bundle(f'{host.FORENSICS_ROOT}/1.0.0-{stamp}', {'a.log': 'x\n'}, {'run': '01RUN'})

    def test_for_root_alone(self):
        directory, why = self.keep('20260101T000000Z')
        self.assertIsNone(why)
        self.assertEqual(sorted(os.listdir(directory)), ['a.log', 'metadata.json'])
        for path, mode in ((host.FORENSICS_ROOT, 0o700), (directory, 0o700), (f'{directory}/a.log', 0o600)):
            self.assertEqual(os.stat(path).st_mode & 0o777, mode)

    def test_two_of_one_second(self):
        self.assertNotEqual(self.keep('20260101T000000Z'), self.keep('20260101T000000Z'))
        self.assertEqual(len(os.listdir(host.FORENSICS_ROOT)), 2)

    def test_keeps_the_newest_ten_and_nothing_of_the_dead(self):
        os.makedirs(f'{host.FORENSICS_ROOT}/.new-99999999-1')
        for day in range(1, 14):
            self.keep(f'202601{day:02}T000000Z')
        self.assertEqual(sorted(os.listdir(host.FORENSICS_ROOT)), [f'1.0.0-202601{day:02}T000000Z' for day in range(4, 14)])

    def test_keeps_the_newest_ten_of_one_second(self):
        for _ in range(13):
            directory, _ = self.keep('20260101T000000Z')
            self.assertTrue(os.path.isdir(directory))
        self.assertEqual(len(os.listdir(host.FORENSICS_ROOT)), 10)

    def test_never_the_last_space(self):
        room = os.statvfs(self.root)
        self.addCleanup(setattr, host, 'FORENSICS_FREE_BYTES', host.FORENSICS_FREE_BYTES)
        host.FORENSICS_FREE_BYTES = room.f_blocks * room.f_frsize
        kept, why = self.keep('20260101T000000Z')
        self.assertIsNone(kept)
        self.assertIn('MiB are free', why)
        self.assertFalse(os.path.exists(host.FORENSICS_ROOT))


class ForensicsTest(HostTest):
    def ask(self, **fields):
        return host.forensics({'operation': 'forensics', 'token': TOKEN, 'version': '1.0.0', 'logs': 300, 'limit': 5, **fields},
                              self.app, host.Change(self.app, lambda _: None, True))

    def test_the_token_is_compared_and_not_stored(self):
        host.update_ledger(self.app, None, lambda _: {'token': TOKEN})
        self.refused('FENCED', lambda: self.ask(token={**TOKEN, 'epoch': 2}))
        self.ask(token={**TOKEN, 'step': 9})
        self.assertEqual(host.read_ledger(self.app)['token'], TOKEN)

    def test_a_host_with_releases_and_without_token_says_so(self):
        self.lay_out(manifest())
        self.refused('TOKEN_MISSING', self.ask)

    def test_refuses_what_it_does_not_know(self):
        for fields in ({'version': '../1'}, {'version': '..'}, {'version': ''}, {'logs': 0}, {'limit': 0}, {'limit': 86_401},
                       {'limit': True}, {'logs': '300'}):
            with self.subTest(fields):
                self.refused('BAD_REQUEST', lambda fields=fields: self.ask(**fields))

    def test_an_inspection_that_fails_says_why(self):
        files, missing = host.only_whole_state({'state.json': '{"type": "error", "code": "X", "message": "no"}\n'}, {})
        self.assertEqual((files, missing), ({}, {'state.json': 'the inspection did not succeed: no'}))
        files, _ = host.only_whole_state({'state.json': '{"type": "result", "result": {"a": 1}}\n'}, {})
        self.assertEqual(files, {'state.json': '{"a": 1}'})
