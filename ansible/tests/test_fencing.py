"""The table in docs/architecture.md, "Fencing"."""
import unittest

from given import TOKEN, HostTest, host


def asked(**fields):
    return {**TOKEN, **fields}


class FenceTest(HostTest):
    def test_a_fresh_host_accepts_anyone(self):
        host.fence(None, TOKEN, 'stage', False)

    def test_releases_without_token_fail_closed(self):
        self.refused('TOKEN_MISSING', host.fence, None, TOKEN, 'stage', True)
        host.fence(None, TOKEN, 'adopt', True)

    def test_another_incarnation_needs_adoption(self):
        other = asked(incarnation='22222222', epoch=1)
        self.refused('UNKNOWN_INCARNATION', host.fence, TOKEN, other, 'restore', True)
        host.fence(TOKEN, other, 'adopt', True)

    def test_older_is_fenced(self):
        for older in (asked(epoch=2), asked(epoch=2, step=99), asked(step=1, **{'try': 9}), asked(**{'try': 0}), asked(attempt=0)):
            self.refused('FENCED', host.fence, TOKEN, older, 'activate', True)

    def test_the_same_epoch_of_another_run_is_fenced(self):
        self.refused('FENCED', host.fence, TOKEN, asked(run='other', step=99), 'activate', True)

    def test_equal_and_newer_are_accepted(self):
        for newer in (TOKEN, asked(attempt=2), asked(**{'try': 2, 'attempt': 0}), asked(step=3), asked(epoch=4, run='other', step=0)):
            host.fence(TOKEN, newer, 'activate', True)

    def test_adoption_within_an_incarnation_is_fenced_as_anything(self):
        self.refused('FENCED', host.fence, TOKEN, asked(epoch=1), 'adopt', True)


class AcceptTest(HostTest):
    def test_an_accepted_token_is_stored(self):
        self.assertTrue(host.accept_token(self.app, {'token': TOKEN, 'operation': 'stage'}))
        self.assertFalse(host.accept_token(self.app, {'token': asked(attempt=2), 'operation': 'stage'}))
        self.assertEqual(host.read_ledger(self.app)['token']['attempt'], 2)

    def test_a_refused_token_is_not(self):
        host.accept_token(self.app, {'token': TOKEN, 'operation': 'stage'})
        self.refused('FENCED', host.accept_token, self.app, {'token': asked(epoch=1), 'operation': 'stage'})
        self.assertEqual(host.read_ledger(self.app)['token'], TOKEN)

    def test_a_lost_ledger_beside_releases_fails_closed(self):
        self.lay_out({'application': 'campus', 'version': '1', 'components': {}})
        self.refused('TOKEN_MISSING', host.accept_token, self.app, {'token': TOKEN, 'operation': 'stage'})

    def test_one_request_for_all_attempts_of_a_try_from_whichever_runner(self):
        first = {'operation': 'commit', 'token': TOKEN, 'state': {'deploy_runner': 'one', 'current_version': '1.0.0'}}
        second = {**first, 'token': asked(attempt=2), 'state': {**first['state'], 'deploy_runner': 'two'}}
        self.assertEqual(host.identity_of(first), host.identity_of(second))
        other = {**first, 'state': {**first['state'], 'current_version': '2.0.0'}}
        self.assertNotEqual(host.identity_of(first), host.identity_of(other))

    def test_one_unit_for_all_attempts_of_a_try(self):
        self.assertEqual(host.unit_name(self.app, TOKEN), host.unit_name(self.app, asked(attempt=7)))
        self.assertNotEqual(host.unit_name(self.app, TOKEN), host.unit_name(self.app, asked(**{'try': 2})))


if __name__ == '__main__':
    unittest.main()
