import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { environmentWorkflowId } from '../../src/workflows/messages.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { CAMPUS, directly, inspect, targetOf } from './direct.js';
import { Gate } from './gate.js';
import { HostFacts } from './host-facts.js';
import { LateWorkerProcess } from './late-worker-process.js';
import { SOON } from './policy.js';

let campus: CampusLab;
let gate: Gate;
let hosts: HostFacts[];
let web1: HostFacts;
const late: LateWorkerProcess[] = [];

async function worker(): Promise<void> {
  await campus.startWorker(gate.instead);
}

async function lateWorker(operation: string): Promise<LateWorkerProcess> {
  const started = await LateWorkerProcess.start(campus, operation, 'web-1');
  late.push(started);
  return started;
}

async function snapshots(): Promise<string[]> {
  return Promise.all(hosts.map((host) => host.snapshot()));
}

async function untilAtRest(): Promise<void> {
  await Promise.all(hosts.map((host) => host.untilUnwatched()));
}

beforeAll(async () => {
  campus = await CampusLab.open({ policy: SOON });
  hosts = campus.webHosts.map((host) => new HostFacts(campus.lab, host));
  web1 = new HostFacts(campus.lab, 'web-1');
  gate = new Gate();
  await worker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(() => {
  for (const one of late.splice(0)) one.kill();
});
afterAll(async () => {
  gate.open();
  await campus.close();
  await gate.close();
}, 60_000);

describe('a worker that is paused between its decision and its request', () => {
  test('activate: its step is done elsewhere, the run goes on, and what it sends late changes nothing', async () => {
    await campus.stopWorker();
    await campus.release('2.0.0');
    const paused = await lateWorker('activate');
    const run = await campus.start('2.0.0');
    await paused.stoppedBeforeSending();
    const votes = campus.webHosts.map((host) => gate.hold('prepare', host));
    await worker();
    for (const vote of votes) await vote.reached;
    const before = await snapshots();

    expect(await paused.sendsLate()).toBe('FENCED');
    await paused.over();
    expect(await snapshots()).toEqual(before);
    for (const vote of votes) expect(await vote.letGo()).toBe('done');
    expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(await campus.servedEverywhere()).toBe('2.0.0');
  }, 120_000);

  test('activate: its run was aborted meanwhile, and what it sends after the way back changes nothing', async () => {
    await campus.stopWorker();
    const served = await campus.servedEverywhere();
    await campus.release('2.0.1');
    const paused = await lateWorker('activate');
    const run = await campus.start('2.0.1');
    await paused.stoppedBeforeSending();
    await campus.abort(run, 'it hangs');
    await worker();
    expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
    await untilAtRest();
    const before = await snapshots();

    // No other worker did this step, so there is no result on the host that the request could be answered with.
    expect(await paused.sendsLate()).toBe('FENCED');
    await paused.over();
    expect(await snapshots()).toEqual(before);
    expect(await campus.servedEverywhere()).toBe(served);
  }, 120_000);

  test('commit: neither the next release nor a boot makes the host forget who came last', async () => {
    await campus.stopWorker();
    await campus.release('2.1.0');
    await campus.release('2.2.0');
    const paused = await lateWorker('commit');
    const run = await campus.start('2.1.0');
    await paused.stoppedBeforeSending();
    await worker();
    expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(await campus.deploy('2.2.0')).toMatchObject({ outcome: 'SUCCEEDED' });
    // After a boot there is no result left that the late request could be answered with.
    await campus.lab.fault('web-1', 'reboot');
    await campus.lab.fault('web-1', 'wait');
    await until('web-1 serves again', async () => (await campus.servedEverywhere()) === '2.2.0');
    await untilAtRest();
    const before = await snapshots();

    expect(await paused.sendsLate()).toBe('FENCED');
    await paused.over();
    expect(await snapshots()).toEqual(before);
    expect(await campus.servedEverywhere()).toBe('2.2.0');
  }, 120_000);
});

const GARBAGE =
  'dd if=/dev/urandom of=/var/lib/safeguard/campus-production/ledger bs=16k count=2 conv=notrunc status=none';
const LOSSES = [
  { what: 'removed', command: 'rm /var/lib/safeguard/campus-production/ledger', version: '2.3.0' },
  { what: 'overwritten with garbage in both slots', command: GARBAGE, version: '2.4.0' },
];

describe('a host whose ledger was', () => {
  test.each(LOSSES)(
    '$what: nothing is done to it, by a run or a boot, until somebody adopts it',
    async ({ command, version }) => {
      const served = await campus.servedEverywhere();
      await campus.release(version);
      await web1.on(['sh', '-c', command]);
      const starts = await web1.starts();

      const refused = await campus.deploy(version);
      expect(refused).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
      expect(refused.message).toMatch(/web-1: this host has releases but no fencing token/);
      expect(await campus.servedEverywhere()).toBe(served);
      expect(await web1.starts()).toBe(starts);

      await campus.lab.fault('web-1', 'reboot');
      await campus.lab.fault('web-1', 'wait');
      await until('the boot gate has run', async () => {
        const argv = ['systemctl', 'is-active', 'safeguard-gate.service', 'nginx.service'];
        const { stdout } = await campus.lab.run('web-1', argv);
        return stdout.split('\n').every((state) => state === 'active');
      });
      expect(await campus.serving('web-1')).toEqual({
        backend: 'nothing',
        frontend: 'nothing',
        unit: 'inactive',
      });

      const reason = `the disk of web-1 was replaced before ${version}`;
      expect(await campus.deploy(version, { adopt: reason })).toMatchObject({ outcome: 'SUCCEEDED' });
      expect(await campus.servedEverywhere()).toBe(version);
      expect(
        await web1.on(['tail', '-n', '1', '/var/lib/safeguard/campus-production/audit.jsonl']),
      ).toContain(reason);
    },
    150_000,
  );
});

test('another run under the same epoch is refused', async () => {
  const { token, committed } = await inspect(campus, 'web-1');
  if (!token) throw new Error('web-1 has no token');
  const before = await snapshots();
  const request = { ...CAMPUS, token: { ...token, run: 'another', step: 1000 } };
  const target = targetOf(campus, 'web-1');
  const asked = await directly((program) =>
    Promise.allSettled([
      program.change(target, { ...request, operation: 'restore', digest: committed }),
      program.change(target, { ...request, operation: 'withdraw', reason: 'a test' }),
      program.change(target, { ...request, operation: 'renew', lease: 60 }),
    ]),
  );
  const fenced = { status: 'rejected', reason: expect.objectContaining({ hostCode: 'FENCED' }) as unknown };
  expect(asked).toEqual([fenced, fenced, fenced]);
  expect(await snapshots()).toEqual(before);
}, 30_000);

test('another life of the environment is refused until somebody adopts the hosts', async () => {
  const served = await campus.servedEverywhere();
  await campus.release('2.5.0');
  const entity = campus.client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  await entity.terminate('a test');
  await campus.client.workflowService.deleteWorkflowExecution({
    namespace: campus.settings.namespace,
    workflowExecution: { workflowId: entity.workflowId },
  });
  await until('its history is gone', () =>
    entity.describe().then(
      () => false,
      () => true,
    ),
  );
  const before = await snapshots();

  const refused = await campus.deploy('2.5.0');
  expect(refused).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(refused.message).toMatch(/Another life of this environment deployed to web-1, web-2/);
  expect(await snapshots()).toEqual(before);
  expect(await campus.servedEverywhere()).toBe(served);

  expect(await campus.deploy('2.5.0', { adopt: 'the server was set up anew' })).toMatchObject({
    outcome: 'SUCCEEDED',
  });
  expect(await campus.servedEverywhere()).toBe('2.5.0');
  for (const host of hosts)
    expect(await host.on(['cat', '/var/lib/safeguard/campus-production/audit.jsonl'])).toContain(
      'the server was set up anew',
    );
}, 120_000);
