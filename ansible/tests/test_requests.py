"""What a request and a manifest may say."""
from given import MANIFEST, TOKEN, HostTest, host, manifest


class RequestTest(HostTest):
    def ask(self, **fields):
        return host.check_request({'protocol': host.PROTOCOL, 'application': 'campus', 'environment': 'demo', 'operation': 'inspect', **fields})

    def test_accepts_each_operation(self):
        self.ask()
        self.ask(operation='engine', engine='podman', container=None, limit=24)
        self.ask(operation='engine', engine='docker', container='campus-search.1', limit=1)
        self.ask(operation='restore', token=TOKEN, digest=None)
        self.ask(operation='activate', token=TOKEN, digest='a' * 64, component='backend', lease=60)
        self.ask(operation='renew', token=TOKEN, lease=5)
        self.ask(operation='prepare', token=TOKEN, digest='a' * 64, peers=['10.0.0.1', 'fe80::1%eth0', '::', 'web-2.example'])
        self.ask(operation='withdraw', token=TOKEN, reason='evicted: its disk fails')
        self.ask(operation='adopt', token=TOKEN, reason='begun anew')
        self.ask(operation='commit', token=TOKEN, digest=None, state=None, keep=5, peers=[])

    def test_says_that_protocols_differ(self):
        self.assertIn('prepare the host again', self.refused('PROTOCOL_MISMATCH', lambda: self.ask(protocol=host.PROTOCOL + 1)))

    def test_refuses_what_it_does_not_know(self):
        for fields in ({'operation': 'shell'}, {'extra': 1}, {'application': '../etc'}, {'environment': 'Demo'},
                       {'operation': 'activate', 'token': TOKEN, 'digest': None, 'component': 'backend', 'lease': 60},
                       {'operation': 'activate', 'token': TOKEN, 'digest': '../' * 20, 'component': 'backend', 'lease': 60},
                       {'operation': 'engine', 'engine': 'sh', 'container': None, 'limit': 5},
                       {'operation': 'engine', 'engine': 'podman', 'container': '--all', 'limit': 5},
                       {'operation': 'engine', 'engine': 'podman', 'container': 'a b', 'limit': 5},
                       {'operation': 'engine', 'engine': 'podman', 'container': None, 'limit': 0},
                       {'operation': 'restore', 'token': {**TOKEN, 'epoch': '3'}, 'digest': None},
                       {'operation': 'restore', 'token': {**TOKEN, 'run': 'a/b'}, 'digest': None},
                       {'operation': 'restore', 'token': {**TOKEN, 'step': True}, 'digest': None},
                       {'operation': 'commit', 'token': TOKEN, 'digest': None, 'state': {}, 'keep': 5, 'peers': []},
                       {'operation': 'commit', 'token': TOKEN, 'digest': None, 'state': None, 'keep': 0, 'peers': []},
                       {'operation': 'activate', 'token': TOKEN, 'digest': 'a' * 64, 'component': 'backend'},
                       {'operation': 'renew', 'token': TOKEN, 'lease': 4}, {'operation': 'renew', 'token': TOKEN, 'lease': 3601},
                       {'operation': 'prepare', 'token': TOKEN, 'digest': None, 'peers': []},
                       {'operation': 'prepare', 'token': TOKEN, 'digest': 'a' * 64, 'peers': ['web-2'] * 65},
                       {'operation': 'prepare', 'token': TOKEN, 'digest': 'a' * 64, 'peers': ['-x']},
                       {'operation': 'prepare', 'token': TOKEN, 'digest': 'a' * 64, 'peers': ['web 2']},
                       {'operation': 'prepare', 'token': TOKEN, 'digest': 'a' * 64, 'peers': 'web-2'},
                       {'operation': 'withdraw', 'token': TOKEN, 'reason': 'two\nlines'}):
            with self.subTest(fields):
                self.refused('BAD_REQUEST', lambda fields=fields: self.ask(**fields))

    def test_an_application_that_is_not_of_this_host(self):
        self.refused('NOT_ALLOWED', host.find_app, 'other-demo', {})


class ManifestTest(HostTest):
    def test_accepts_a_good_one(self):
        host.check_manifest(MANIFEST, self.app)

    def test_only_what_host_json_allows(self):
        for wrong in (manifest(user='root'), manifest(port=22), manifest('frontend', listen=443),
                      manifest('frontend', routes={'/api/': 22}), {**MANIFEST, 'application': 'other'}):
            with self.subTest(wrong):
                self.refused('NOT_ALLOWED', host.check_manifest, wrong, self.app)

    def test_nothing_that_could_end_in_a_unit_or_site(self):
        for wrong in (
                manifest(unit='ssh.socket'), manifest(unit='../x.service'), manifest(unit='safeguard-gate.service'),
                manifest(exec=[]), manifest(exec=['sh']), manifest(exec=['-/bin/sh']), manifest(exec=['/bin/sh', 'a\nUser=root']),
                manifest(exec=['{release}/../x']), manifest(environment={'A B': 'c'}), manifest(environment={'A': 'b\r'}),
                manifest(secrets=['A']), manifest(secrets=['PORT']), manifest(secrets=['S', 'S']), manifest(port='8080'),
                manifest(stopTimeoutSeconds=0), manifest(extra=1), manifest(kind='container'),
                manifest('frontend', serverName='x; return 200'), manifest('frontend', routes={'/': 8080}),
                manifest('frontend', routes={'/a {': 8080}), manifest('frontend', routes={'/_assets/': 8080}),
                manifest('frontend', assets='/$x/'), {**MANIFEST, 'version': '1 0'}, {**MANIFEST, 'components': []},
                {**MANIFEST, 'components': {'Back': MANIFEST['components']['backend']}},
                {**MANIFEST, 'components': {name: MANIFEST['components']['frontend'] for name in ('a', 'b')}},
                {**MANIFEST, 'components': {name: MANIFEST['components']['backend'] for name in ('a', 'b')}}):
            with self.subTest(wrong):
                self.refused('BAD_REQUEST', host.check_manifest, wrong, self.app)


class EngineTest(HostTest):
    def test_tells_status_and_health_of_a_container_and_nothing_else(self):
        shown = '{"Status": "running", "Health": {"Status": "healthy", "Log": [{"Output": "secret"}]}, "OciVersion": "1"}'
        self.assertEqual(host.state_in(shown), '{"Status": "running", "Health": {"Status": "healthy"}}')
        self.assertIn('"starting"', host.state_in('{"Status": "running", "Healthcheck": {"Status": "starting"}}'))
        self.assertIn('null', host.state_in('{"Status": "exited"}'))

    def test_takes_no_word_for_a_state(self):
        for shown in ('', 'null', '[]', '{'):
            self.assertEqual(host.state_in(shown), '')
