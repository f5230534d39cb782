import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer, until } from './cli-server.js';
import { serving } from './environments.js';

let cli: CliServer;

Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
  await cli.environment('dev', serving);
  await cli.environment('prod', serving);
}, 300_000);
afterAll(() => cli.stop(), 60_000);

test('a healthy environment is exit 0', async () => {
  const { status, stdout } = await cli.run('health', 'dev');
  expect(stdout).toMatch(/✓ +backend +backend is UP +2 of 2 +12 ms/);
  expect(stdout).toMatch(/dev is healthy with 2\.0\.0 \(200abcde\): 2 of 2 passed, in 0\.0 s\.$/);
  expect(status).toBe(0);
}, 60_000);

test('one that is not is exit 9, with what is wrong and who was not asked', async () => {
  const { status, stdout } = await cli.run('health', 'prod');
  expect(stdout).toContain('web2: critical: backend is UP: /health answered 503, expected 200');
  expect(stdout).toContain('Not asked, because evicted: web3');
  expect(status).toBe(9);
}, 60_000);

test('no such environment is exit 2, before anything is asked', async () => {
  const { status, stderr } = await cli.run('health', 'nowhere');
  expect([status, stderr]).toEqual([2, expect.stringContaining('ENVIRONMENT_UNKNOWN') as unknown]);
}, 60_000);

test('--watch asks again until it is ended', async () => {
  const watching = cli.spawn({}, 'health', 'prod', '--watch', '--every', '1s');
  let said = '';
  watching.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.split('\n').length > 2);
  watching.kill('SIGINT');
  expect((await watching).signal).toBe('SIGINT');
  expect(said).toMatch(
    /^\d\d:\d\d:\d\dZ prod is not healthy .*: 1 of 2 passed, in 0\.0 s\.\n\d\d:\d\d:\d\dZ prod is not/,
  );
}, 60_000);
