import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer } from './cli-server.js';
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

test('a rollback says what it is about, follows, and exits 0 when every host went back', async () => {
  const { status, stdout } = await run('rollback', 'dev', '--reason', 'ROLLED_BACK', ...FOLLOW);
  expect(stdout).toContain('dev serves 2.0.0 (200abcde); back to 1.0.0 (100abcde), all components');
  expect(stdout).toMatch(/Started rollback \S+ of dev, for bob: ROLLED_BACK\n {2}workflow rollback\/dev\//);
  expect(stdout).toContain(
    'ROLLED_BACK: rollback came to ROLLED_BACK: {"kind":"rollback","to":null,"components":null}',
  );
  expect(status).toBe(0);
}, 60_000);

test.each([
  ['NOOP', 0],
  ['REFUSED', 2],
  ['ROLLED_BACK_UNHEALTHY', 4],
  ['PARTIAL', 5],
])(
  'a rollback that ends as %s is exit %i',
  async (outcome, exit) => {
    const { status, stdout } = await run('rollback', 'dev', 'all', '--reason', outcome, ...FOLLOW);
    expect(stdout).toContain(`${outcome}: rollback came to ${outcome}`);
    expect(status).toBe(exit);
  },
  60_000,
);

test('only named components, to a named version; JSON tells of the start', async () => {
  const words = ['rollback', 'dev', 'backend', '--to', '0.9.0', '--reason', 'slow', '--id', 'back-0001'];
  const { status, stdout, stderr } = await run(...words, '--json');
  expect(JSON.parse(stdout)).toEqual({
    deploymentId: 'back-0001',
    workflowId: 'rollback/dev/back-0001',
    kind: 'rollback',
    environment: 'dev',
    isNew: true,
    ui: expect.stringContaining('rollback%2Fdev%2Fback-0001'),
    from: '2.0.0',
    to: '0.9.0',
  });
  expect(stderr).toContain('back to 0.9.0 (090abcde), only backend');
  expect(status).toBe(0);
  const found = await run(...words, '--follow', '--json');
  expect(JSON.parse(found.stdout)).toMatchObject({
    kind: 'rollback',
    version: '0.9.0',
    outcome: 'SUCCEEDED',
    message: 'rollback came to SUCCEEDED: {"kind":"rollback","to":"0.9.0","components":["backend"]}',
    exitStatus: 0,
  });
}, 60_000);

test('an id is one recovery: another wish, or another kind, under it is refused', async () => {
  expect(await run('rollback', 'dev', '--reason', 'x', '--id', 'back-0002')).toMatchObject({ status: 0 });
  const again = await run('rollback', 'dev', '--reason', 'y', '--id', 'back-0002');
  expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('Found the running or ended') });
  expect(await run('rollback', 'dev', '--to', '0.9.0', '--reason', 'x', '--id', 'back-0002')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('belongs to a rollback that was asked for otherwise'),
  });
  expect(await run('converge', 'dev', '--reason', 'x', '--id', 'back-0002')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('belongs to the rollback;'),
  });
  expect(await run('deploy', 'dev', '--version', '3.0.0', '--id', 'back-0002')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('belongs to the rollback;'),
  });
}, 60_000);

test('a dry run prints the plan and changes nothing', async () => {
  const { status, stdout } = await run('rollback', 'dev', '--reason', 'what if', '--dry-run');
  expect(stdout.split('\n').slice(1)).toEqual([
    'rollback of dev: 2.0.0 (200abcde) → 1.0.0 (100abcde)',
    '  web1: backend would be restarted',
    '  web2: as it should be',
    '  web3: does not answer',
    'Nothing was changed.',
  ]);
  expect(status).toBe(0);
  const json = await run('rollback', 'dev', '--reason', 'what if', '--dry-run', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'DRY_RUN', plan: { silent: ['web3'] } });
  expect(await run('rollback', 'dev', '--reason', 'REFUSED', '--dry-run')).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('REFUSED: rollback came to REFUSED'),
  });
}, 60_000);

test.each([
  ['ROLLBACK_TARGET_UNKNOWN', ['dev', '--to', '1.9.9'], 'known: 2.0.0 (200abcde), 1.0.0 (100abcde), 0.9.0'],
  ['ROLLBACK_TARGET_UNKNOWN', ['prod'], 'Nothing was committed on prod yet'],
  ['REQUEST_INVALID', ['dev', 'frontend'], 'There is no component "frontend"; known: backend'],
  ['REQUEST_INVALID', ['dev', 'all', 'backend'], 'Say all, or name the components; not both.'],
  ['ENVIRONMENT_UNKNOWN', ['nowhere'], 'it has: dev, prod'],
])(
  '%s at once: %j',
  async (code, words, sentence) => {
    const { status, stderr } = await run('rollback', ...words, '--reason', 'x');
    expect(stderr).toContain(`error ${code}: `);
    expect(stderr).toContain(sentence);
    expect(status).toBe(2);
  },
  60_000,
);

test('a rollback waits for a deployment that holds the environment, and says how to stop that', async () => {
  await cli.environment('dev', {
    ...serving,
    holder: holder('deployment', 'deployment/dev/2.1.0/holder-01'),
  });
  const { stdout } = await run('rollback', 'dev', '--reason', 'x');
  expect(stdout).toContain('holder-01 (2.1.0) holds dev: the rollback waits for it.');
  expect(stdout).toContain("safeguard abort dev --id holder-01 --reason '…'");
  expect(stdout).toContain('another than 1.0.0; --to names one for certain');
  const dry = await run('rollback', 'dev', '--reason', 'x', '--dry-run');
  expect(dry.stdout).toContain('holder-01 (2.1.0) holds dev; what is seen may be its work.');
  await cli.environment('dev', serving);
}, 60_000);
