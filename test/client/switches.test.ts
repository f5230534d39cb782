import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { EXIT_DIFFERS, EXIT_UNREACHABLE } from '../../src/domain/outcome.js';
import { parseMoment } from '../../src/client/moments.js';
import { CliServer } from './cli-server.js';

let cli: CliServer;
const run = (...words: string[]) => cli.run(...words);
const SAID = ['--by', 'ada', '--reason', 'the shop burns'];

Runtime.install({ logger: new DefaultLogger('ERROR') });
beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

async function switchesOf(environment: string): Promise<unknown> {
  const { stdout } = await run('status', environment, '--json');
  return (JSON.parse(stdout) as { status: { switches: unknown } }).status.switches;
}

describe('one environment', () => {
  test('that never had a run is disabled, shown so, and enabled again', async () => {
    const disabled = await run('disable', 'dev', ...SAID);
    expect(disabled.status).toBe(0);
    expect(disabled.stdout).toMatch(
      /^Disabled dev, as ada: the shop burns\ndev takes no deployments: it is disabled by ada since .* UTC, until somebody enables it: the shop burns\n {2}To go on: safeguard enable dev --reason '…'/,
    );
    expect((await run('status', 'dev')).stdout).toMatch(
      /no deployments: disabled by ada since .* the shop burns\n {2}lift it: safeguard enable dev/,
    );
    expect((await run('status')).stdout).toMatch(/dev .*disabled/);
    expect(await run('enable', 'dev', '--by', 'ada', '--reason', 'it is out')).toMatchObject({
      status: 0,
      stdout: 'Enabled dev, as ada: it is out\ndev takes deployments.',
    });
    expect(await run('enable', 'dev', ...SAID)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('refused: dev: It is enabled; nobody disabled it.'),
    });
  }, 60_000);

  test('is frozen, says how to call it off, and knows no other freeze', async () => {
    const frozen = await run('freeze', 'dev', '--until', '2h', '--id', 'sale', ...SAID);
    expect(frozen.stdout).toContain("lift it: safeguard unfreeze dev sale --reason '…'");
    expect(frozen.stdout).toContain('it is frozen by ada since');
    expect(await run('freeze', 'dev', '--until', '2h', '--id', 'sale', ...SAID)).toMatchObject({ status: 2 });
    expect(await run('unfreeze', 'dev', 'other', ...SAID)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no freeze "other"; there are: sale.'),
    });
    expect(await run('unfreeze', 'dev', 'sale', ...SAID)).toMatchObject({ status: 0 });
    expect(await switchesOf('dev')).toEqual({ disabled: null, paused: null, freezes: [] });
  }, 60_000);

  test('a switch that makes no sense is refused', async () => {
    expect(await run('disable', 'dev', '--reason', 'a\nb')).toMatchObject({ status: 2 });
    expect(await run('disable', 'dev', ...SAID, '--until', 'tomorrow')).toMatchObject({ status: 2 });
    expect(await run('disable', 'dev', ...SAID, '--until', '2020-01-01T00:00Z')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('2020-01-01 00:00 UTC is over already.'),
    });
    expect(await run('disable', 'nowhere', ...SAID)).toMatchObject({ status: 2 });
  }, 60_000);
});

describe('every environment', () => {
  test('is paused: those of the configuration, and those that only the server knows', async () => {
    await cli.environment('forgotten', {});
    // The server's list of workflows follows what was started within moments.
    await listed('forgotten');
    const paused = await run('pause-all', ...SAID, '--until', '2h');
    expect(paused.status).toBe(0);
    for (const name of ['dev', 'prod', 'forgotten'])
      expect(paused.stdout).toMatch(new RegExp(`^${name} +paused, with all environments, by ada since`, 'm'));

    const { paused: first } = (await switchesOf('prod')) as { paused: { until: string } };
    await run('disable', 'prod', ...SAID);
    const again = ['pause-all', ...SAID, '--until', first.until];
    expect(await run(...again)).toMatchObject({ status: 0 });
    expect(await switchesOf('prod')).toMatchObject({ paused: first });

    const resumed = await run('resume-all', ...SAID);
    expect(resumed).toMatchObject({ status: 0 });
    expect(resumed.stdout).toMatch(/^prod +not paused; but disabled by ada/m);
    expect(await run('resume-all', ...SAID)).toMatchObject({ status: 0 });
    expect(await switchesOf('dev')).toMatchObject({ paused: null });
  }, 120_000);
});

async function listed(name: string): Promise<void> {
  for (;;) {
    for await (const { workflowId } of cli.client.workflow.list())
      if (workflowId === `environment/shop/${name}`) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a quarantine that stands is the exit status of verify, and says what differs', async () => {
  const quarantine = {
    reason: 'web2 differs',
    since: '2026-11-21T12:00:00Z',
    deploymentId: 'zero',
    lost: [],
  };
  await cli.environment('prod', { quarantine });
  expect(await run('resolve', 'prod', '--reason', 'too early')).toMatchObject({
    status: EXIT_DIFFERS,
    stderr: expect.stringContaining('QUARANTINE_STANDS: Not every host serves 1.0.0: web2: away.'),
  });
  const { stdout, status } = await run('resolve', 'prod', '--reason', 'too early', '--json');
  expect([status, JSON.parse(stdout)]).toMatchObject([EXIT_DIFFERS, { isLifted: false }]);
  expect(await run('resolve', 'prod', '--reason', 'mended')).toMatchObject({ status: 0 });
}, 60_000);

describe('a time', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  test.each([
    ['2h', '2026-11-21T14:00:00.000Z'],
    ['2026-12-24T18:00', '2026-12-24T17:00:00.000Z'],
    ['2026-07-24 18:00', '2026-07-24T16:00:00.000Z'],
    ['2026-12-24T18:00Z', '2026-12-24T18:00:00.000Z'],
    ['2026-12-24T18:00:30-05:00', '2026-12-24T23:00:30.000Z'],
  ])('%s', (text, iso) => {
    expect(parseMoment(text, 'Europe/Berlin', now)).toBe(iso);
  });

  test('is refused when nobody knows which is meant', () => {
    for (const text of ['soon', '18:00', '2026-13-24T18:00', '2026-12-24T28:00Z'])
      expect(() => parseMoment(text, 'UTC', now)).toThrow(/is no (time|day)/);
    expect(() => parseMoment('2026-12-24T18:00', null, now)).toThrow('different time zones');
  });

  test.each([
    '2027-02-30T00:00',
    '2027-02-30 00:00',
    '2027-02-30T00:00Z',
    '2027-02-30T00:00+02:00',
    '2027-02-30',
  ])('%s is refused, and not moved to March', (text) => {
    for (const zone of ['Europe/Berlin', null])
      expect(() => parseMoment(text, zone, now)).toThrow('2027-02-30 is no day of the calendar.');
  });

  test('a leap year has its day', () => {
    expect(parseMoment('2028-02-29T00:00Z', null, now)).toBe('2028-02-29T00:00:00.000Z');
  });

  test('a date alone is asked for the time that is meant, and both that are proposed are taken', () => {
    expect(() => parseMoment('2026-12-24', 'UTC', now)).toThrow(
      '2026-12-24 has no time of day; say 2026-12-24T00:00 for its beginning, 2026-12-24T24:00 for its end.',
    );
    expect(parseMoment('2026-12-24T00:00', 'Europe/Berlin', now)).toBe('2026-12-23T23:00:00.000Z');
    expect(parseMoment('2026-12-24T24:00', 'Europe/Berlin', now)).toBe('2026-12-24T23:00:00.000Z');
  });

  test('a span out of bounds is told the bounds', () => {
    for (const text of ['9999999999d', '0s'])
      expect(() => parseMoment(text, 'UTC', now)).toThrow(
        'a whole number from 1 to 999999, then s, m, h or d',
      );
  });
});

test('without a worker, each environment that could not be told is named, and the exit status says so', async () => {
  await cli.stopWorker();
  const { status, stderr } = await run('pause-all', ...SAID);
  expect(status).toBe(EXIT_UNREACHABLE);
  expect(stderr).toMatch(/^dev +NOT TOLD: error TEMPORAL_UNREACHABLE/m);
  expect(stderr).toMatch(/3 of 3 could not be told: dev, prod, forgotten/);
}, 60_000);
