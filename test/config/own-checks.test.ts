import { describe, expect, test } from '@jest/globals';
import { releaseChecks } from '../../src/config/checks.js';
import { environmentOf } from '../../src/config/load.js';
import { secretReferences } from '../../src/config/secret-references.js';
import { complaint, GOOD, parsed } from './fixture.js';

const list = (text: string): string =>
  GOOD.replace('  staging:\n', `    own_checks:\n${text.replace(/^/gm, '      ')}\n  staging:\n`);
const WHOLE = `- { kind: http, name: identity provider, url: 'https://{vars.database_host}/health', secret_headers: { authorization: { file: token } }, ca: ca.pem }
- { kind: http, name: must be there, severity: critical, url: 'http://x/', contains: ok }
- { kind: tcp, name: mail, host: mail.test, port: 25 }
- { kind: tls, name: certificate, host: campus.test }
- { kind: command, name: queue is short, run: [/usr/bin/queue, --of, '{environment}; rm'], contains: '0' }
- { kind: prometheus, name: errors, url: 'http://prometheus.test:9090', query: 'sum(rate(errors[5m]))', below: 0.05, secret_headers: { authorization: { file: login } }, ca: ca.pem }
- { kind: container, name: search, engine: podman, container: campus-search }
- { kind: nginx-route, name: api, path: /api/ }`;

describe('own checks', () => {
  const environment = environmentOf(parsed(list(WHOLE)), 'production');
  const checks = releaseChecks(environment, () => '1.0.0', null).slice(-8);

  test('follow those that are generated, each with the severity of its kind', () => {
    expect(
      checks.map(({ kind, category, severity, attempts }) => [kind, category, severity, attempts]),
    ).toEqual([
      ['web', 'external', 'warning', 3],
      ['web', 'external', 'critical', 3],
      ['tcp', 'external', 'warning', 3],
      ['tls', 'external', 'warning', 3],
      ['command', 'services', 'critical', 3],
      ['prometheus', 'services', 'critical', 3],
      ['container', 'services', 'critical', 3],
      ['http', 'proxy', 'critical', 3],
    ]);
  });

  test('have placeholders filled, words kept whole, and files found from where safeguard.yaml stands', () => {
    expect(checks[0]).toMatchObject({
      url: 'https://192.0.2.21/health',
      secretHeaders: { authorization: { file: '/srv/campus/token' } },
      ca: '/srv/campus/ca.pem',
    });
    expect(checks[5]).toMatchObject({
      secretHeaders: { authorization: { file: '/srv/campus/login' } },
      ca: '/srv/campus/ca.pem',
    });
    expect(checks[3]).toMatchObject({ port: 443, daysLeft: 14 });
    expect(checks[4]).toMatchObject({ argv: ['/usr/bin/queue', '--of', 'production; rm'] });
  });

  test('name secrets that a release can not be deployed without', () =>
    expect(secretReferences(environment).slice(-2)).toEqual([
      ['identity provider: authorization', { file: '/srv/campus/token' }],
      ['errors: authorization', { file: '/srv/campus/login' }],
    ]));

  test('are of one environment', () =>
    expect(environmentOf(parsed(list(WHOLE)), 'staging').ownChecks).toEqual([]));
});

test.each([
  ['a kind that is none', '- { kind: ping, name: x }', 'expected a map with kind: http, tcp'],
  [
    'a bound that is missing',
    "- { kind: prometheus, name: x, url: 'http://x', query: up }",
    'expected below, above',
  ],
  [
    'a login in a URL',
    "- { kind: http, name: x, url: 'http://me:secret@x/' }",
    'expected a URL without a login',
  ],
  [
    'a placeholder of nothing',
    "- { kind: http, name: x, url: 'http://{vars.nope}/' }",
    '{vars.nope} stands for nothing',
  ],
  [
    'what is filled in later elsewhere',
    "- { kind: http, name: x, url: 'http://x/{version}' }",
    '{version} stands for nothing',
  ],
  [
    'a name that is there twice',
    '- { kind: tcp, name: x, host: a, port: 1 }\n- { kind: tcp, name: x, host: b, port: 1 }',
    'this name is there already',
  ],
  ['a command that is a line of a shell', "- { kind: command, name: x, run: 'a | b' }", 'expected array'],
])('%s is refused, with its place', (_what, text, words) => {
  const said = complaint(list(text));
  expect(said).toContain(words);
  expect(said).toMatch(/safeguard\.yaml:4\d:\d+ environments\.production\.own_checks/);
});
