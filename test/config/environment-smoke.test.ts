import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configSummary } from '../../src/client/view/config-summary.js';
import { siteOf, smokeOf } from '../../src/config/environment-smoke.js';
import { parseConfig, type Config, type EnvironmentConfig } from '../../src/config/load.js';
import { changed, complaint } from './fixture.js';

const LAST = '    approval: { required: true }\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-smoke-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The fixture in a folder of its own, with a `smoke` section in staging, and more in production. */
function config(section: string, more = ''): Config {
  const text = changed(LAST, `${LAST}    smoke: ${section}\n`);
  const production = '    policy: production\n';
  return parseConfig(join(folder, 'safeguard.yaml'), text.replace(production, production + more));
}

function staging(section: string): EnvironmentConfig {
  const found = config(section).environments.get('staging');
  if (found === undefined) throw new Error('no staging');
  return found;
}

async function file(text: string): Promise<void> {
  await writeFile(join(folder, 'smoke.yaml'), text);
}

const TESTS = `
secrets: { token: { file: token } }
tests:
  - { name: version, http: { url: /version.txt, expect: { body: '{version}' } } }
  - { name: course, level: full, http: { url: '/courses/{course}' } }
`;

test('the tests of the level, with the version and the values of the environment', async () => {
  await file(TESTS);
  const environment = staging(
    `{ set: full, file: smoke.yaml, url: 'https://campus.test', vars: { course: 7 } }`,
  );
  const smoke = smokeOf(environment, '2.0.0');
  expect(smoke).toMatchObject({ level: 'full', url: 'https://campus.test', tests: 2 });
  expect(smoke?.asked.map(({ probe }) => probe)).toMatchObject([
    { expect: { body: { equals: '2.0.0' } } },
    { request: { url: '/courses/7' } },
  ]);
  expect(smoke?.suite.secrets).toEqual({ token: { file: join(folder, 'token') } });
});

test('the level is that of the policy, and another text has another checksum', async () => {
  await file(TESTS);
  const environment = staging(`{ file: smoke.yaml, vars: { course: 7 } }`);
  const before = smokeOf(environment, '2.0.0');
  expect(before).toMatchObject({ level: 'essential', tests: 1, url: null });
  await file(`${TESTS}# changed\n`);
  expect(smokeOf(environment, '2.0.0')?.sha256).not.toBe(before?.sha256);
});

test('an environment that names no file has no smoke tests', () => {
  expect(smokeOf(staging('{ set: full }'), '2.0.0')).toBeNull();
});

test('a host is asked where its site listens', () => {
  expect(siteOf(staging('{}'))).toEqual({ port: 80, name: 'localhost' });
});

describe('config check', () => {
  test('counts the tests', async () => {
    await file(TESTS);
    const { environments } = configSummary(config('{ set: full, file: smoke.yaml, vars: { course: 7 } }'));
    expect(environments.map(({ name, smoke }) => ({ name, smoke }))).toEqual([
      { name: 'production', smoke: 0 },
      { name: 'staging', smoke: 2 },
    ]);
  });

  test.each([
    ['a file that is not there', null, /nowhere\.yaml can't be read: there is no such file/],
    ['a test that asks nothing', 'tests: [{ name: nothing }]', /expected exactly one of http/],
    ['a placeholder without a value', TESTS, /nothing before it gives \{course\}/],
    [
      'none of the level',
      'tests: [{ name: home, level: extended, http: { url: / } }]',
      /No test is of level/,
    ],
    [
      'certificates that are not there',
      'ca: ca.pem\ntests: [{ name: home, http: { url: / } }]',
      /ca .* can't be read/,
    ],
  ])('refuses %s', async (_title, text, why) => {
    if (text !== null) await file(text);
    const name = text === null ? 'nowhere.yaml' : 'smoke.yaml';
    expect(() => configSummary(config(`{ file: ${name} }`))).toThrow(why);
  });

  test('names what is wrong with the tests of each environment, and once what they share', async () => {
    await file('tests: [{ name: nothing }]');
    const both = (production: string) =>
      config('{ file: smoke.yaml }', `    smoke: { file: ${production} }\n`);
    expect(() => configSummary(both('nowhere.yaml'))).toThrow(
      /nowhere\.yaml can't be read.*\n.*smoke\.yaml:1:\d+ tests\.0: expected exactly one of http/,
    );
    expect(() => configSummary(both('smoke.yaml'))).toThrow(/^[^\n]*$/);
  });

  test.each([
    ['a URL without a file', `{ url: 'https://campus.test' }`, /expected file beside url and vars/],
    [
      'a login in the URL',
      `{ file: a.yaml, url: 'https://me:pw@campus.test' }`,
      /expected a URL without a login/,
    ],
  ])('refuses %s', (_title, section, why) => {
    expect(complaint(changed(LAST, `${LAST}    smoke: ${section}\n`))).toMatch(why);
  });
});
