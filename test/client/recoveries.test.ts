import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer, until } from './cli-server.js';
import { holder, serving } from './environments.js';

let cli: CliServer;
const run = (...words: string[]) => cli.run(...words);

// The SDK tells of every failed run; here failures are what is tested.
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
  await cli.environment('dev', serving);
}, 300_000);

afterAll(() => cli.stop(), 60_000);

const FOLLOW = ['--follow', '--by', 'bob'];

describe('converge', () => {
  test.each([
    ['SUCCEEDED', 0],
    ['NOOP', 0],
    ['REFUSED', 2],
    ['ROLLED_BACK_UNHEALTHY', 4],
    ['PARTIAL', 5],
  ])(
    'that ends as %s is exit %i',
    async (outcome, exit) => {
      const { status, stdout } = await run('converge', 'dev', '--reason', outcome, ...FOLLOW);
      expect(stdout).toContain('Every host of dev to 2.0.0 (200abcde)');
      expect(stdout).toContain(`${outcome}: converge came to ${outcome}`);
      expect(status).toBe(exit);
    },
    60_000,
  );

  test('takes hosts over with a reason, and shows what it would do', async () => {
    const adopted = await run('converge', 'dev', '--reason', 'x', '--adopt', 'database lost', '--follow');
    expect(adopted.stdout).toContain('"adopt":"database lost"');
    const dry = await run('converge', 'dev', '--reason', 'x', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stdout: expect.stringContaining('web2: as it should be') });
  }, 60_000);
});

describe('host', () => {
  test('evict says what it means, is seen in status, and rejoin brings it back', async () => {
    const evicted = await run('host', 'evict', 'dev', 'web3', '--reason', 'disk broken', '--by', 'bob');
    expect(evicted.stdout).toContain('web3 is evicted from dev, as bob (claimed): disk broken');
    expect(evicted.stdout).toContain('It gets no traffic, is not deployed to, and does not count.');
    expect(evicted.stdout).toContain("safeguard host rejoin dev web3 --reason '…' --follow");
    expect(evicted.stdout).toContain('takes it out of traffic as soon as it answers');
    expect(evicted.status).toBe(0);
    expect((await run('status', 'dev')).stdout).toContain('evicted: web3 — by bob');
    const status = JSON.parse((await run('status', 'dev', '--json')).stdout) as unknown;
    expect(status).toMatchObject({
      status: { evicted: { web3: { reason: 'disk broken', withdrawn: false } } },
    });
    const rejoined = await run('host', 'rejoin', 'dev', 'web3', '--reason', 'mended', '--follow');
    expect(rejoined.stdout).toContain('SUCCEEDED: rejoin came to SUCCEEDED: {"kind":"rejoin","host":"web3"}');
    expect(rejoined.status).toBe(0);
  }, 60_000);

  test.each([
    ['ROLLED_BACK_UNHEALTHY', 4],
    ['PARTIAL', 5],
  ])(
    'a rejoin that ends as %s is exit %i',
    async (outcome, exit) => {
      expect(await run('host', 'rejoin', 'dev', 'web3', '--reason', outcome, '--follow')).toMatchObject({
        status: exit,
      });
    },
    60_000,
  );

  test('evict prints JSON', async () => {
    const { stdout } = await run('host', 'evict', 'dev', 'web2', '--reason', 'old', '--by', 'bob', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      environment: 'dev',
      host: { name: 'web2' },
      by: 'bob',
      reason: 'old',
    });
  }, 60_000);

  test.each([
    ['error HOST_UNKNOWN: ', ['evict', 'dev', 'web9'], 'There is no host web9; known: web1, web2, web3.'],
    ['refused: ', ['evict', 'dev', 'web2'], 'web2 is evicted already. safeguard status dev shows'],
    ['refused: ', ['evict', 'dev', 'web1'], 'web1 is the last host'],
    [
      'error HOST_UNKNOWN: ',
      ['rejoin', 'dev', 'web1'],
      '"web1" is not evicted from dev; evicted: web3, web2.',
    ],
    ['error RUN_NOT_FOUND: ', ['evict', 'prod', 'web1'], 'prod never had a deployment'],
  ])(
    '%sin words: %j',
    async (said, words, sentence) => {
      const { status, stderr } = await run('host', ...words, '--reason', 'x');
      expect(stderr).toContain(`${said}${sentence}`);
      expect(status).toBe(2);
    },
    60_000,
  );
});

describe('verify', () => {
  test('in order is exit 0', async () => {
    const { status, stdout } = await run('verify', 'dev');
    expect(stdout).toMatch(
      /dev has committed 2\.0\.0[\s\S]*web1 +✓ serves it[\s\S]*Every host that counts serves it\./,
    );
    expect(status).toBe(0);
  }, 60_000);

  test('drift is exit 9: a table, the sentences, the schema, and who is at work', async () => {
    await cli.environment('prod', serving);
    const { status, stdout } = await run('verify', 'prod');
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'prod has committed 2.0.0 (200abcde)',
      'converge 20261121-114512-k3f9ab is changing it just now; differences may be its work.',
      '',
      'host  state',
      'web1  ✗ differs',
      'web2  ? unknown (evicted)',
      'schema 3: not as the release needs it',
      '',
      'web1: backend serves 1.0.0',
      'web2: it does not answer',
      'schema: version 4 is needed',
      '',
      "Not as committed. Bring it in order: safeguard converge prod --reason '…' --follow",
    ]);
    expect(status).toBe(9);
    const json = await run('verify', 'prod', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ consistent: false, schema: { version: '3' } });
    expect(json.status).toBe(9);
  }, 60_000);
});

test('abort means deployments: of a recovery it says that it ends by itself; watch follows it', async () => {
  const { terminal, ended } = cli.begin(
    'converge',
    'dev',
    '--reason',
    'hold',
    '--id',
    'holder-01',
    '--follow',
  );
  await until(() => terminal.stdout.includes('— deploying'));
  await cli.environment('dev', { ...serving, holder: holder('converge', 'converge/dev/holder-01') });
  const sentence = "holder-01 (converge to 2.1.0) is no deployment, and a converge can't be aborted";
  expect(await run('abort', 'dev')).toMatchObject({ status: 2, stderr: expect.stringContaining(sentence) });
  expect(await run('abort', 'dev', '--id', 'holder-01')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("a converge can't be aborted"),
  });
  const deployed = cli.begin('deploy', 'dev', '--version', '2.2.0', '--id', 'queued-01', '--follow');
  await until(() => deployed.terminal.stdout.includes('▶'));
  expect(await run('abort', 'dev')).toMatchObject({ stdout: expect.stringContaining('Told queued-01') });
  expect(await deployed.ended).toBe(3);

  const watched = cli.begin('watch', 'dev');
  await until(() => watched.terminal.stdout.includes('— deploying'));
  await cli.client.workflow.getHandle('converge/dev/holder-01').terminate();
  expect(await ended).toBe(1);
  expect(await watched.ended).toBe(1);
}, 60_000);

test('without a worker: what must look says so and is exit 8; a converge waits for one', async () => {
  await cli.stopWorker();
  for (const words of [
    ['verify', 'dev'],
    ['rollback', 'dev', '--reason', 'x'],
    ['converge', 'dev', '--reason', 'x', '--dry-run'],
  ]) {
    const { status, stderr } = await run(...words);
    expect(stderr).toContain('No worker answers on task queue safeguard-shop');
    expect(status).toBe(8);
  }
  const evicted = await run('host', 'evict', 'dev', 'web1', '--reason', 'x');
  expect(evicted).toMatchObject({ status: 8, stderr: expect.stringContaining('safeguard status dev says') });
  expect(await run('converge', 'dev', '--reason', 'x')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Started converge'),
  });
}, 120_000);
