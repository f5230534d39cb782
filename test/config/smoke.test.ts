import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadSmoke } from '../../src/config/smoke.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-smoke-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(text: string, given: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'smoke.yaml');
  await writeFile(file, text);
  return loadSmoke(file, given);
}

test('what is left out has a default', async () => {
  const { timeoutSeconds, retries, intervalSeconds, ca, tests } = await load(
    'tests: [{name: home, http: {url: /}}]',
  );
  expect({ timeoutSeconds, retries, intervalSeconds, ca }).toEqual({
    timeoutSeconds: 10,
    retries: 5,
    intervalSeconds: 1,
    ca: null,
  });
  expect(tests).toEqual([
    {
      name: 'home',
      level: 'essential',
      severity: 'critical',
      probe: {
        kind: 'http',
        request: { url: '/', method: 'GET', headers: {}, redirects: 0 },
        expect: { status: [200], headers: {}, json: {} },
        extract: {},
      },
      after: [],
    },
  ]);
});

test('values are filled in: of the command line, else of the file; those of answers later', async () => {
  const text = `
vars: {version: 1.0.0, course: 7}
tests:
  - {name: sign in, http: {url: '/sign-in', extract: {token: {json: /token}}}}
  - {name: course, http: {url: '/courses/{course}', headers: {authorization: 'Bearer {token}'}, expect: {json: {/v: '{version}'}}}}
`;
  const { tests } = await load(text, { version: '2.0.0' });
  expect(tests[1]).toMatchObject({
    after: ['sign in'],
    probe: {
      request: { url: '/courses/7', headers: { authorization: 'Bearer {token}' } },
      expect: { json: { '/v': { equals: '2.0.0' } } },
    },
  });
});

describe('what is wrong is told with its place', () => {
  test.each([
    [
      'an unknown key',
      'tests: [{name: x, http: {url: /, expects: {}}}]',
      /:1:\d+ tests.0.http.expects: is no key/,
    ],
    ['no test', 'tests: []', /tests: expected/],
    ['a test that asks nothing', 'tests: [{name: x}]', /tests.0: expected exactly one of http, tls/],
    ['a test that asks twice', 'tests: [{name: x, http: {url: /}, tls: {}}]', /expected exactly one of/],
    [
      'an address that is none',
      'tests: [{name: x, http: {url: home}}]',
      /expected a path such as \/health, or a URL/,
    ],
    [
      'an address of another kind',
      "tests: [{name: x, http: {url: 'file:///etc/passwd'}}]",
      /expected a path/,
    ],
    [
      'a form that is none',
      "tests: [{name: x, http: {url: /, expect: {body: {matches: '('}}}}]",
      /expected a regular expression/,
    ],
    [
      'a form without a group',
      'tests: [{name: x, http: {url: /, extract: {a: {body: abc}}}}]',
      /group in parentheses/,
    ],
    [
      'a placeholder that stands for nothing',
      "tests: [{name: x, http: {url: '/{course}'}}]",
      /tests.0: nothing before it gives \{course\}/,
    ],
    [
      'a value that comes later',
      "tests: [{name: x, http: {url: '/{a}'}}, {name: y, http: {url: /, extract: {a: {text: true}}}}]",
      /tests.0: nothing before it gives \{a\}/,
    ],
    [
      'a value given twice',
      'vars: {a: 1}\ntests: [{name: x, http: {url: /, extract: {a: {text: true}}}}]',
      /\{a\} has a value already/,
    ],
    [
      'two tests of one name',
      'tests: [{name: x, http: {url: /}}, {name: x, http: {url: /}}]',
      /another test is called "x" too/,
    ],
    [
      'a secret in plain text',
      'secrets: {a: geheim}\ntests: [{name: x, http: {url: /}}]',
      /expected a reference such as/,
    ],
    [
      'a password in plain text',
      'tests: [{name: x, postgres: {host: a, database: b, user: c, password: geheim}}]',
      /tests.0.postgres.password: expected a placeholder such as \{password\} that secrets has/,
    ],
    [
      'a password that is no secret',
      "vars: {a: geheim}\ntests: [{name: x, redis: {host: a, password: '{a}'}}]",
      /:2:\d+ tests.0.redis.password: secrets has no \{a\}/,
    ],
    [
      'a version that YAML would shorten',
      'tests: [{name: x, postgres: {host: a, database: b, user: c, schema_version: 1.10}}]',
      /schema_version: expected a version in quotes/,
    ],
    ['no YAML', 'tests: [', /smoke.yaml:1:\d+/],
  ])('%s', async (_, text, message) => {
    await expect(load(text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('no file, and one that is too large', async () => {
    expect(() => loadSmoke(join(folder, 'none.yaml'), {})).toThrow(/can't be read: there is no such file/);
    await expect(load('#'.repeat(300_000))).rejects.toThrow(/256 kB, so it is no smoke.yaml/);
  });
});

test("the campus example has the source's fourteen tests, and two more for HTTPS", () => {
  const file = join(import.meta.dirname, '..', '..', 'examples', 'campus', 'smoke.yaml');
  const { tests } = loadSmoke(file, {});
  const of = (...levels: string[]) => tests.filter(({ level }) => levels.includes(level));
  expect([of('essential').length, of('essential', 'full').length, tests.length]).toEqual([4, 14, 16]);
});
