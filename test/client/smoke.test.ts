import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { ensurePackages } from '../../setup/apt.js';
import { runCli } from '../../src/client/main.js';
import { freePort } from '../../src/dev/ports.js';
import { CampusSite } from '../checks/campus-site.js';
import { CapturedTerminal } from './captured-terminal.js';

const site = new CampusSite();
let folder: string;
let url: string;

const SUITE = `
retries: 0
secrets: {password: {env: SMOKE_TEST_PASSWORD}}
tests:
  - {name: home, http: {url: /}}
  - {name: sign in, level: full, http: {url: /sign-in, method: POST, json: {password: '{password}'}, extract: {token: {json: /token}}}}
  - {name: slow, level: extended, severity: warning, http: {url: /late, expect: {within: 1ms}}}
  - {name: 'broken <&"> one', level: extended, http: {url: /503}}
  - {name: away, level: extended, tcp: {host: ${'n'.repeat(64)}.test, port: 1}}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-smoke-'));
  await writeFile(join(folder, 'smoke.yaml'), SUITE);
  url = await site.plain();
  process.env['SMOKE_TEST_PASSWORD'] = 'open-sesame';
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

async function run(...words: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runCli(['smoke', ...words], '1.2.3', terminal);
  return { status, out: terminal.stdout, err: terminal.stderr };
}
const withFile = (...words: string[]) => run(url, '--file', join(folder, 'smoke.yaml'), ...words);

test('an application that works is exit 0, without a file too', async () => {
  const { status, out } = await run(url);
  expect(status).toBe(0);
  expect(out).toMatch(
    /^✓ home page answers {2}200 in \d+ ms\nhttp:\/\/\S+ works: 1 of 1 passed, in \d+\.\d s\.$/,
  );
});

test('a level includes those before it', async () => {
  expect((await withFile()).out).toContain('1 of 1 passed');
  expect((await withFile('--level', 'full')).out).toContain('2 of 2 passed');
});

test('one that does not is exit 9, with a line for each test', async () => {
  const { status, out } = await withFile('--level', 'extended');
  expect(status).toBe(9);
  expect(out).toMatch(/^✗ broken <&"> one {2}answered 503, expected 200$/m);
  expect(out).toMatch(/^\? away +TCP to n{64}.test:1: .*ENOTFOUND/m);
  expect(out).toMatch(/^✗ slow +warning: took \d+ ms, expected at most 1 ms$/m);
  expect(out).toMatch(/does not work as it should: 2 of 5 passed, 2 failed, 1 could not be carried out, in/);
});

test('what only warns is exit 0', async () => {
  const file = join(folder, 'warning.yaml');
  await writeFile(file, 'retries: 0\ntests: [{name: x, severity: warning, http: {url: /503}}]');
  expect(await run(url, '--file', file)).toMatchObject({ status: 0 });
});

test('JUnit reads the results', async () => {
  await ensurePackages(['libxml2-utils']);
  const file = join(folder, 'junit.xml');
  await withFile('--level', 'extended', '--junit', file);
  const count = async (path: string): Promise<string> =>
    (await execa('xmllint', ['--xpath', `string(${path})`, file])).stdout;
  expect(await count('/testsuites/@tests')).toBe('5');
  expect(await count('/testsuites/@failures')).toBe('1');
  expect(await count('/testsuites/@errors')).toBe('1');
  expect(await count('//testcase[failure]/@name')).toBe('broken <&"> one');
  expect(await readFile(file, 'utf8')).not.toContain('tok-4711');
});

test('JSON is one line with every result', async () => {
  const { status, out } = await withFile('--level', 'extended', '--json');
  expect([status, out.split('\n')]).toEqual([9, [out]]);
  const found = JSON.parse(out) as { readonly results: readonly object[] };
  expect(found).toMatchObject({ healthy: false, level: 'extended', url: `${url}/` });
  expect(found.results.map((one) => (one as { verdict: string }).verdict)).toEqual([
    'pass',
    'pass',
    'fail',
    'fail',
    'unknown',
  ]);
});

test('what is down is found within its time-outs, tries and pauses', async () => {
  const started = performance.now();
  const { status, out } = await run(
    `http://127.0.0.1:${await freePort()}`,
    '--timeout',
    '1',
    '--retries',
    '1',
  );
  expect([status, out]).toEqual([
    9,
    expect.stringMatching(/^\? .*ECONNREFUSED.* \(2 attempts\)$/m) as unknown,
  ]);
  expect(performance.now() - started).toBeLessThan(10_000);
});

describe('what makes no sense is refused before anything is asked', () => {
  test.each([
    ['no URL', ['campus']],
    ['a URL of another kind', ['ftp://campus']],
    ['a login in the URL', ['http://ada:geheim@127.0.0.1:1']],
    ['a level that is none', ['http://127.0.0.1:1', '--level', 'all']],
    ['a time that is none', ['http://127.0.0.1:1', '--timeout', '0']],
    ['too many tries', ['http://127.0.0.1:1', '--retries', '21']],
    ['no assignment', ['http://127.0.0.1:1', '--var', 'x']],
    ['no such file', ['http://127.0.0.1:1', '--file', '/nowhere/smoke.yaml']],
    ['a report that cannot be written', ['http://127.0.0.1:1', '--junit', '/nowhere/junit.xml']],
  ])('%s', async (_, words) => {
    const { status, out, err } = await run(...words);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(/^error [A-Z_]+: /);
    expect(err).not.toContain('geheim');
  });

  test('a secret that is not there', async () => {
    const file = join(folder, 'secret.yaml');
    await writeFile(file, 'secrets: {a: {env: SMOKE_NOT_THERE}}\ntests: [{name: x, http: {url: "/{a}"}}]');
    expect(await run(url, '--file', file)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/SECRET_MISSING/) as unknown,
    });
  });

  test('a value from a test that is not asked', async () => {
    const file = join(folder, 'levels.yaml');
    await writeFile(
      file,
      'tests: [{name: a, level: full, http: {url: /, extract: {v: {text: true}}}}, {name: b, http: {url: "/{v}"}}]',
    );
    expect(await run(url, '--file', file)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/of a higher level/) as unknown,
    });
  });
});
