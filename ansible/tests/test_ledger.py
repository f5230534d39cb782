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
        request = {'token': TOKEN}
        once = host.committed_ledger(host.EMPTY_LEDGER, 'a', request, '1')
        twice = host.committed_ledger({**host.EMPTY_LEDGER, **once}, 'b', {'token': {**TOKEN, 'run': 'next'}}, '2')
        again = host.committed_ledger({**host.EMPTY_LEDGER, **twice}, 'b', {'token': {**TOKEN, 'run': 'next'}}, '2')
        self.assertEqual((twice['committed'], twice['previous']), ('b', 'a'))
        self.assertEqual((again['previous'], len(again['history'])), ('a', 2))
