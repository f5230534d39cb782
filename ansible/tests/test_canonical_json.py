"""Equal to canonicalJson in TypeScript; test/ansible/host-codes.test.ts compares the two directly."""
from given import HostTest, host


class CanonicalJsonTest(HostTest):
    def test_sorted_without_space(self):
        self.assertEqual(host.canonical_json({'b': [1, None, True], 'a': {'d': 'é', 'c': ''}}), '{"a":{"c":"","d":"é"},"b":[1,null,true]}')

    def test_keys_by_utf16_code_unit(self):
        self.assertEqual(host.canonical_json({'\ufb03': 1, '\U0001f600': 2}), '{"\U0001f600":2,"\ufb03":1}')

    def test_only_integers(self):
        self.refused('BAD_REQUEST', host.canonical_json, {'a': 1.5})
