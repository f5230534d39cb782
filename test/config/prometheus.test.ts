import { expect, test } from '@jest/globals';
import { environmentOf } from '../../src/config/load.js';
import { secretReferences } from '../../src/config/secret-references.js';
import { complaint, GOOD, parsed } from './fixture.js';

test('a Prometheus that asks for a login: its files are found from safeguard.yaml, its secret is one of the release', () => {
  const section = `
prometheus:
  url: https://prometheus.test
  secret_headers: { authorization: { file: login } }
  ca: ca.pem
`;
  const environment = environmentOf(parsed(GOOD + section), 'production');
  expect(environment.prometheus).toEqual({
    url: 'https://prometheus.test',
    runner: '{}',
    secretHeaders: { authorization: { file: '/srv/campus/login' } },
    ca: '/srv/campus/ca.pem',
  });
  expect(secretReferences(environment)).toContainEqual([
    'prometheus: authorization',
    { file: '/srv/campus/login' },
  ]);
});

test('a login in its URL is refused, and what is no URL', () => {
  const said = (url: string): string => complaint(`${GOOD}\nprometheus: { url: '${url}' }\n`);
  expect(said('http://me:secret@prometheus.test')).toMatch(/prometheus\.url: expected a URL without a login/);
  expect(said('http://')).toMatch(/prometheus\.url: expected a URL$/);
});
