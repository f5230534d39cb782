"""Token and journal: two slots, the newest whole one counts."""
from given import TOKEN, HostTest, host


class LedgerTest(HostTest):
    def test_is_empty_at_first_and_preallocated(self):
        self.assertEqual(host.read_ledger(self.app), host.EMPTY_LEDGER)
        self.assertEqual(len(host.read_bytes(self.app.ledger)), 2 * host.SLOT_BYTES)

    def test_keeps_what_was_written_last(self):
        for digest in 'abcde':
            host.update_ledger(self.app, None, lambda _, digest=digest: {'committed': digest * 64})
        self.assertEqual(host.read_ledger(self.app)['committed'], 'e' * 64)
        self.assertEqual(host.read_ledger(self.app)['sequence'], 5)

    def test_a_torn_slot_leaves_the_one_before(self):
        for digest in 'ab':
            host.update_ledger(self.app, None, lambda _, digest=digest: {'committed': digest * 64})
        newest = host.read_ledger(self.app)['sequence'] % 2 * host.SLOT_BYTES
        with open(self.app.ledger, 'r+b') as file:
            file.seek(newest + 100)
            file.write(b'torn')
        self.assertEqual(host.read_ledger(self.app)['committed'], 'a' * 64)

    def test_writing_does_not_grow_the_file(self):
        host.update_ledger(self.app, None, lambda _: {'history': [{'version': '1' * 100}] * 3})
        self.assertEqual(len(host.read_bytes(self.app.ledger)), 2 * host.SLOT_BYTES)

    def test_refuses_to_outgrow_its_slot(self):
        self.refused('INTERNAL', host.update_ledger, self.app, None, lambda _: {'history': ['x' * host.SLOT_BYTES]})

    def test_nothing_new_is_not_written(self):
        host.update_ledger(self.app, None, lambda _: {'committed': None})
        self.assertEqual(host.read_ledger(self.app)['sequence'], 0)

    def test_who_was_overtaken_journals_nothing(self):
        host.accept_token(self.app, {'token': {**TOKEN, 'epoch': 9}, 'operation': 'restore'})
        self.refused('FENCED', host.update_ledger, self.app, TOKEN, lambda _: {'committed': 'a' * 64})
        self.assertIsNone(host.read_ledger(self.app)['committed'])

    def test_commit_remembers_what_was_before(self):
        request = {'token': TOKEN, 'peers': ['web-2']}
        later = {**request, 'token': {**TOKEN, 'run': 'next'}}
        once = host.committed_ledger(host.EMPTY_LEDGER, 'a', request, '1')
        twice = host.committed_ledger({**host.EMPTY_LEDGER, **once}, 'b', later, '2')
        again = host.committed_ledger({**host.EMPTY_LEDGER, **twice}, 'b', later, '2')
        self.assertEqual((twice['committed'], twice['previous']), ('b', 'a'))
        self.assertEqual((again['previous'], len(again['history'])), ('a', 2))
        self.assertEqual((again['peers'], again['withheld']), (['web-2'], None))

    def test_what_an_older_program_wrote_lacks_the_newer_fields(self):
        old = {name: host.EMPTY_LEDGER[name] for name in ('sequence', 'token', 'committed', 'previous', 'history')}
        intent = {'run': 'old', 'digest': 'b' * 64, 'from': None}
        host.write_ledger(self.app, {**old, 'intent': intent})
        read = host.read_ledger(self.app)
        self.assertEqual((read['withheld'], read['lapsed'], read['peers']), (None, None, []))
        self.assertFalse(host.is_prepared(read['intent']))

    def test_the_most_that_it_can_hold_fits_its_slot(self):
        digest, reason = 'f' * 64, '\U0001f600' * host.REASON_CHARACTERS
        token = {'incarnation': 'i' * 64, 'run': 'r' * 100, 'epoch': 2**53, 'step': 2**53, 'try': 2**53, 'attempt': 2**53}
        entry = {'run': 'r' * 100, 'version': 'v' * 128, 'digest': digest, 'time': host.timestamp()}
        intent = {'run': 'r' * 100, 'digest': digest, 'from': digest, 'prepared': False, 'withheld': reason}
        host.encode_slot({
            'sequence': 2**53, 'token': token, 'committed': digest, 'previous': digest, 'intent': intent,
            'history': [entry] * 3, 'withheld': reason, 'peers': ['p' * 160] * 64,
            'lapsed': {'run': 'r' * 100, 'time': host.timestamp()}})
