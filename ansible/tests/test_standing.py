"""What a host does when nobody tells it anything: votes, leases, withdrawal, the boot gate's doubts."""
import os

from given import MANIFEST, TOKEN, HostTest, host

OLD, NEW, OTHER = 'a' * 64, 'b' * 64, 'c' * 64
LEASE = {'run': TOKEN['run'], 'epoch': TOKEN['epoch'], 'expiry': 100.0}


def ledger(**fields):
    return {**host.EMPTY_LEDGER, 'token': TOKEN, 'committed': OLD, **fields}


def intent(**fields):
    return {'run': TOKEN['run'], 'digest': NEW, 'from': OLD, 'prepared': False, 'withheld': None, **fields}


class RenewalTest(HostTest):
    def test_speaks_for_the_accepted_run_at_any_step(self):
        for step in (0, 1, 99):
            host.fence_renewal(TOKEN, {**TOKEN, 'step': step, 'try': 0, 'attempt': 0}, True)

    def test_speaks_for_no_other(self):
        for other in ({'epoch': 2}, {'epoch': 4, 'run': 'next'}, {'run': 'other'}, {'epoch': 4}):
            self.refused('FENCED', host.fence_renewal, TOKEN, {**TOKEN, **other}, True)
        self.refused('UNKNOWN_INCARNATION', host.fence_renewal, TOKEN, {**TOKEN, 'incarnation': 'x'}, True)
        self.refused('TOKEN_MISSING', host.fence_renewal, None, TOKEN, True)
        self.refused('FENCED', host.fence_renewal, None, TOKEN, False)

    def renew(self, **token):
        change = host.Change(self.app, lambda _: None)
        host.renew({'operation': 'renew', 'token': {**TOKEN, **token}, 'lease': 60}, self.app, change)
        return change.changed

    def test_moves_the_expiry_and_raises_nothing(self):
        host.accept_token(self.app, {'token': TOKEN, 'operation': 'activate'})
        self.assertFalse(self.renew())
        host.write_lease(self.app, {'token': TOKEN, 'lease': 5})
        before = host.read_lease(self.app)['expiry']
        self.assertTrue(self.renew(step=99))
        self.assertGreater(host.read_lease(self.app)['expiry'], before + 50)
        self.assertEqual(host.read_ledger(self.app)['token'], TOKEN)

    def test_the_lease_of_a_run_before_stays_as_it_is(self):
        host.write_lease(self.app, {'token': TOKEN, 'lease': 5})
        host.accept_token(self.app, {'token': {**TOKEN, 'epoch': 4, 'run': 'next'}, 'operation': 'stage'})
        self.assertFalse(self.renew(epoch=4, run='next'))
        self.assertEqual(host.read_lease(self.app)['run'], TOKEN['run'])

    def test_one_that_comes_too_late_revives_nothing(self):
        host.accept_token(self.app, {'token': TOKEN, 'operation': 'activate'})
        host.write_lease(self.app, {'token': TOKEN, 'lease': -1})
        host.update_ledger(self.app, None, lambda _: {'intent': intent()})
        self.refused('LEASE_LAPSED', self.renew)
        host.update_ledger(self.app, None, lambda _: {'intent': intent(prepared=True)})
        self.assertTrue(self.renew())


class LapseTest(HostTest):
    def test_a_lease_that_goes_on(self):
        self.assertEqual(host.way_out(None, ledger(intent=intent()), 200), 'wait')
        self.assertEqual(host.way_out(LEASE, ledger(intent=intent()), 99.9), 'wait')

    def test_before_the_vote_the_host_goes_back(self):
        self.assertEqual(host.way_out(LEASE, ledger(intent=intent()), 100), 'back')

    def test_after_it_the_peers_are_asked(self):
        self.assertEqual(host.way_out(LEASE, ledger(intent=intent(prepared=True)), 100), 'ask')

    def test_without_a_change_of_its_run_it_just_ends(self):
        self.assertEqual(host.way_out(LEASE, ledger(), 100), 'end')
        self.assertEqual(host.way_out(LEASE, ledger(intent=intent(run='next')), 100), 'end')

    def run_out(self, **fields):
        host.write_ledger(self.app, ledger(committed=None, **fields))
        host.write_lease(self.app, {'token': TOKEN, 'lease': -1})
        host.run_out(self.app, lambda _: None)
        return host.read_ledger(self.app)

    def test_is_noted_and_the_change_is_over(self):
        found = self.run_out(intent=intent())
        self.assertEqual((found['intent'], found['lapsed']['run'], found['withheld']), (None, TOKEN['run'], None))
        self.assertIsNone(host.read_lease(self.app))
        for operation in (host.activate, host.prepare):
            request = {'token': TOKEN, 'digest': NEW, 'component': 'backend', 'peers': []}
            self.refused('LEASE_LAPSED', operation, request, self.app, host.Change(self.app, print))

    def test_another_run_has_come_meanwhile(self):
        host.write_ledger(self.app, ledger(committed=None, intent=intent(), token={**TOKEN, 'epoch': 4, 'run': 'next'}))
        host.write_lease(self.app, {'token': TOKEN, 'lease': -1})
        host.run_out(self.app, lambda _: None)
        found = host.read_ledger(self.app)
        self.assertEqual((found['intent'], found['lapsed']), (None, None))

    def test_a_host_that_was_out_of_traffic_before_is_so_again(self):
        self.assertEqual(self.run_out(intent=intent(withheld='evicted'))['withheld'], 'evicted')

    def test_a_committed_release_that_is_gone_is_not_tried_for_ever(self):
        host.write_ledger(self.app, ledger(intent=intent()))
        host.write_lease(self.app, {'token': TOKEN, 'lease': -1})
        host.run_out(self.app, lambda _: None)
        self.assertIn('cannot be served again', host.read_ledger(self.app)['withheld'])

    def test_is_forgotten_when_another_run_comes(self):
        self.run_out(intent=intent())
        host.accept_token(self.app, {'token': {**TOKEN, 'step': 9}, 'operation': 'activate'})
        self.assertIsNotNone(host.read_ledger(self.app)['lapsed'])
        host.accept_token(self.app, {'token': {**TOKEN, 'epoch': 4, 'run': 'next'}, 'operation': 'activate'})
        self.assertIsNone(host.read_ledger(self.app)['lapsed'])

    def test_a_voted_host_whose_peers_are_silent_keeps_its_lease(self):
        found = self.run_out(intent=intent(prepared=True))
        self.assertEqual((found['withheld'], found['lapsed']), (None, None))
        self.assertIsNotNone(host.read_lease(self.app))


class IntentTest(HostTest):
    def test_the_committed_release_needs_none(self):
        self.assertEqual(host.intended(ledger(withheld='x'), 'run', OLD, False), {'withheld': None})

    def test_a_vote_stays_one_for_its_release(self):
        again = host.intended(ledger(intent=intent(prepared=True)), 'run', NEW, False)['intent']
        self.assertEqual((again['prepared'], again['withheld']), (True, None))

    def test_a_vote_for_another_release_leaves_the_way_back_in_doubt(self):
        other = host.intended(ledger(intent=intent(prepared=True)), 'run', OTHER, False)['intent']
        self.assertFalse(other['prepared'])
        self.assertIn('has voted for it', other['withheld'])

    def test_what_withheld_the_host_before_is_what_it_goes_back_to(self):
        first = host.intended(ledger(withheld='evicted'), 'run', NEW, False)
        second = host.intended(ledger(**first), 'run', NEW, True)
        self.assertEqual((first['withheld'], second['intent']['withheld']), (None, 'evicted'))


class VoteTest(HostTest):
    def vote(self, digest, observed):
        self.addCleanup(setattr, host, 'observe_components', host.observe_components)
        host.observe_components = lambda app, ledger: observed
        change = host.Change(self.app, lambda _: None)
        host.prepare({'token': TOKEN, 'digest': digest, 'peers': ['web-2']}, self.app, change)
        return change.changed

    def test_is_given_when_everything_runs_as_it_should(self):
        digest = self.lay_out(MANIFEST)
        sound = host.Observed('systemd', digest, 'active', 0, ())
        self.assertTrue(self.vote(digest, {'backend': sound, 'frontend': sound}))
        self.assertFalse(self.vote(digest, {'backend': sound, 'frontend': sound}))
        found = host.read_ledger(self.app)
        self.assertEqual((found['peers'], found['intent']['prepared']), (['web-2'], True))

    def test_is_refused_otherwise(self):
        digest = self.lay_out(MANIFEST)
        sound = host.Observed('systemd', digest, 'active', 0, ())
        for backend in (sound._replace(digest=OLD), sound._replace(state='failed'), sound._replace(differences=('altered',)), None):
            seen = {'frontend': sound, **({'backend': backend} if backend else {})}
            self.refused('NOT_AS_EXPECTED', self.vote, digest, seen)
        self.assertIsNone(host.read_ledger(self.app)['intent'])

    def test_for_the_committed_release_leaves_nothing_open(self):
        digest = self.lay_out(MANIFEST)
        host.write_ledger(self.app, ledger(committed=digest))
        sound = host.Observed('systemd', digest, 'active', 0, ())
        self.vote(digest, {'backend': sound, 'frontend': sound})
        self.assertIsNone(host.read_ledger(self.app)['intent'])


class DoubtTest(HostTest):
    def test_none_is_known(self):
        for sure in (ledger(), ledger(intent=intent()), ledger(committed=None), ledger(lapsed={'run': 'r', 'time': 't'})):
            self.assertIsNone(host.known_doubt(sure, True))
        self.assertIsNone(host.known_doubt(host.EMPTY_LEDGER, False))

    def test_is_known_of_a_removal_too(self):
        self.assertIn('committed no release', host.known_doubt(ledger(intent=intent(digest=None, prepared=True)), True))

    def test_is_known(self):
        for doubtful, sentence in ((ledger(withheld='evicted'), 'evicted'), (ledger(intent=intent(prepared=True)), 'has voted'),
                                   (ledger(intent=intent(withheld='evicted')), 'evicted'), (host.EMPTY_LEDGER, 'no journal')):
            self.assertIn(sentence, host.known_doubt(doubtful, True))

    def test_peers_that_agree_or_say_nothing_raise_none(self):
        self.assertIsNone(host.missed_change(OLD, {}))
        self.assertIsNone(host.missed_change(OLD, {'web-2': OLD, 'web-3': OLD}))

    def test_one_peer_that_differs_is_enough(self):
        self.assertIn('web-3 serves release bbbbbbbbbbbb', host.missed_change(OLD, {'web-2': OLD, 'web-3': NEW}))

    def test_nobody_is_asked_without_a_site(self):
        self.assertEqual(host.ask_peers(self.app, None, ['127.0.0.1'], 0), {})
        self.assertEqual(host.ask_peers(self.app, OLD, ['127.0.0.1'], 0), {})

    def open_gate(self, answers=None, **fields):
        self.addCleanup(setattr, host, 'ask_peers', host.ask_peers)
        host.ask_peers = lambda *_: answers or {}
        host.write_ledger(self.app, ledger(**fields))
        host.open_gate(self.app, lambda _: None, at_boot=True)
        return host.read_ledger(self.app)

    def test_the_gate_keeps_a_vote_and_withholds(self):
        found = self.open_gate(intent=intent(prepared=True))
        self.assertIn('has voted', found['withheld'])
        self.assertEqual(found['intent'], intent(prepared=True))

    def test_the_gate_ends_a_change_without_a_vote(self):
        found = self.open_gate(committed=None, intent=intent())
        self.assertEqual((found['withheld'], found['intent']), (None, None))

    def test_the_gate_believes_peers(self):
        found = self.open_gate({'web-2': NEW}, intent=intent())
        self.assertIn('web-2', found['withheld'])
        self.assertEqual((found['intent'], found['committed']), (None, OLD))
        self.assertTrue(host.is_gated(self.app))

    def startable(self):
        return os.listdir(self.app.startable)

    def test_only_what_the_journal_allows_may_start(self):
        host.write_ledger(self.app, ledger(intent=intent()))
        self.assertEqual(self.startable(), [])
        for digest in (OLD, NEW, OTHER):
            host.allow_start(self.app, digest)
        self.assertEqual(sorted(self.startable()), [OLD, NEW])
        host.update_ledger(self.app, None, lambda _: {'intent': None})
        self.assertEqual(self.startable(), [OLD])

    def test_nothing_may_start_while_withheld(self):
        host.write_ledger(self.app, ledger())
        host.allow_start(self.app, OLD)
        host.update_ledger(self.app, None, lambda _: {'withheld': 'evicted'})
        self.assertEqual(self.startable(), [])
        host.allow_start(self.app, OLD)
        self.assertEqual(self.startable(), [])

    def test_a_start_is_forbidden_before_the_journal_says_so(self):
        host.write_ledger(self.app, ledger())
        host.allow_start(self.app, OLD)
        self.addCleanup(setattr, host, 'encode_slot', host.encode_slot)
        host.encode_slot = lambda _: 1 / 0
        self.assertRaises(ZeroDivisionError, host.update_ledger, self.app, None, lambda _: {'withheld': 'evicted'})
        self.assertEqual(self.startable(), [])


class WatchTest(HostTest):
    def test_ends_with_the_lease_and_is_not_doubled(self):
        self.assertFalse(host.is_watched(self.app))
        with host.locked(f'{self.app.run}/watch', 1, 'busy'):
            self.assertTrue(host.is_watched(self.app))
        self.addCleanup(setattr, host, 'find_app', host.find_app)
        host.find_app = lambda name: self.app
        self.assertEqual(host.watch(self.app.name), 0)
        self.assertFalse(host.os.path.exists(f'{self.app.run}/watch'))
