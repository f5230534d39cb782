import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer } from './cli-server.js';

let cli: CliServer;

Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

test('a table of everything that was looked at, and exit 0 where a deployment would be let in', async () => {
  const { status, stdout } = await cli.run('preflight', 'dev', '--version', '2.0.0', '--level', 'strict');
  expect(stdout).toMatch(/✓ +release +2\.0\.0 +200abcde, every file is as SHA256SUMS says/);
  expect(stdout).toContain('dry run of web1: site: unpack');
  expect(stdout).toMatch(/The strict preflight of dev lets 2\.0\.0 in: 3 of 3 passed, in 0\.0 s\.$/);
  expect(status).toBe(0);
}, 60_000);

test('what objects is exit 9, each with what to do and where more stands', async () => {
  const { status, stdout } = await cli.run('preflight', 'prod', '--version', '2.0.0');
  expect(stdout).toMatch(/✗ +disk +web2 +\/ is 97 % full +below 90 %/);
  expect(stdout).toMatch(/! +clock +web2/);
  expect(stdout).toMatch(/\? +login +web3/);
  expect(stdout).toContain('critical: disk of web2: / is 97 % full (expected below 90 %)\n    → Make room.');
  expect(stdout).toContain('      docs/errors.md#host-unreachable');
  expect(stdout).toMatch(/prod does not let 2\.0\.0 in: 3 of 6 passed, 1 warning, in 0\.0 s\.$/);
  expect(status).toBe(9);
}, 60_000);

test('in a job of GitHub Actions each objection is an annotation, and the summary has the table', async () => {
  const summary = join(tmpdir(), `safeguard-summary-${process.pid}.md`);
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
  const { stderr } = await cli.spawn(env, 'preflight', 'prod', '--version', '2.0.0');
  expect(stderr).toContain(
    '::error title=preflight%3A disk of web2::/ is 97 %25 full Make room. docs/preflight.md#disk',
  );
  expect(stderr).toContain('::warning title=preflight%3A clock of web2::');
  const written = await readFile(summary, 'utf8');
  await rm(summary);
  expect(written).toContain('### Preflight of prod 2.0.0\n\n| | look | at |');
  expect(written).toContain(
    '| ✗ | disk | web2 | / is 97 % full | below 90 % | Make room. docs/preflight.md#disk |',
  );
  expect(written).toContain('61.0 s \\| behind');
}, 60_000);

test.each([
  ['no such environment', ['nowhere', '--version', '2.0.0'], 'ENVIRONMENT_UNKNOWN'],
  ['no version', ['dev', '--version', '../2'], 'VERSION_INVALID'],
  ['no such level', ['dev', '--version', '2.0.0', '--level', 'lax'], 'USAGE'],
])(
  '%s is exit 2, before anything is asked',
  async (_, words, code) => {
    const { status, stderr } = await cli.run('preflight', ...words);
    expect([status, stderr]).toEqual([2, expect.stringContaining(code) as unknown]);
  },
  60_000,
);
