import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { CampusLab, ended, until } from './campus-lab.js';
import { Gate } from './gate.js';
import { HostFacts, overlaps } from './host-facts.js';
import { LateWorkerProcess } from './late-worker-process.js';
import { SOON } from './policy.js';

/** A change of web-1, the run that comes to it, and how often the backend of web-1 is started in that run. */
interface Story {
  readonly operation: 'activate' | 'restore' | 'commit';
  readonly fails: boolean;
  readonly starts: number;
}

const STORIES: readonly Story[] = [
  { operation: 'activate', fails: false, starts: 1 },
  { operation: 'restore', fails: true, starts: 2 },
  { operation: 'commit', fails: false, starts: 1 },
];

let campus: CampusLab;
let gate: Gate;
let web1: HostFacts;
let served = '1.0.0';
let released = 0;
const late: LateWorkerProcess[] = [];

async function release(fails = false): Promise<string> {
  released += 1;
  const version = `2.${released}.0`;
  await campus.release(version, fails ? { misbehave: 'wrong-version' } : {});
  return version;
}

/** Insists on the end that the story has to have, whatever happened on its way. */
async function assertTold(
  run: WorkflowHandle,
  version: string,
  { fails }: Pick<Story, 'fails'>,
): Promise<void> {
  expect(await ended(run)).toMatchObject({ outcome: fails ? 'ROLLED_BACK' : 'SUCCEEDED' });
  served = fails ? served : version;
  expect(await campus.servedEverywhere()).toBe(served);
}

beforeAll(async () => {
  campus = await CampusLab.open({ policy: SOON });
  web1 = new HostFacts(campus.lab, 'web-1');
  gate = new Gate();
  await campus.startWorker(gate.instead);
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  for (const one of late.splice(0)) one.kill();
  gate.open();
  await campus.lab.fault('web-1', 'heal');
  await web1.release('lock');
  await web1.release('ledger');
  expect(overlaps(await web1.changes())).toEqual([]);
}, 30_000);
afterAll(async () => {
  gate.open();
  await campus.close();
  await gate.close();
}, 60_000);

describe('the connection is lost', () => {
  test('while the release is sent: it is sent again', async () => {
    const version = await release();
    // The first of its archives; the other one waits for it.
    const sent = gate.hold('stage', 'web-1');
    const run = await campus.start(version);
    await sent.reached;
    await web1.hold('ledger');
    void sent.letGo();
    await until(
      'the host receives it',
      async () => (await campus.lab.run('web-1', ['pgrep', '-x', 'safeguard-host'])).exitCode === 0,
    );
    await web1.dropConnections();
    await web1.release('ledger');

    await assertTold(run, version, { fails: false });
  }, 120_000);

  test.each(STORIES)(
    'during $operation, which hangs: the next try ends it before it begins',
    async (story) => {
      const version = await release(story.fails);
      const starts = await web1.starts();
      const [first, second] = [gate.hold(story.operation, 'web-1'), gate.hold(story.operation, 'web-1')];
      const run = await campus.start(version);
      await first.reached;
      await web1.hold('lock');
      void first.letGo();
      const hanging = await until('the change is under way', () => web1.change());
      await web1.dropConnections();
      await second.reached;
      expect(await web1.change()).toBe(hanging);
      void second.letGo();
      const next = await until('the next try is under way', async () => {
        const now = await web1.change();
        return now !== hanging && now;
      });
      expect(next).toBe(hanging.replace(/-1$/, '-2'));
      await web1.release('lock');

      await assertTold(run, version, story);
      expect((await web1.starts()) - starts).toBe(story.starts);
    },
    120_000,
  );

  test.each(STORIES)(
    'during $operation, which succeeds unheard: the next try looks, and does nothing again',
    async (story) => {
      const version = await release(story.fails);
      const starts = await web1.starts();
      const [first, second] = [gate.hold(story.operation, 'web-1'), gate.hold(story.operation, 'web-1')];
      const run = await campus.start(version);
      await first.reached;
      await web1.hold('lock');
      void first.letGo();
      await until('the change is under way', () => web1.change());
      await web1.dropConnections();
      await second.reached;
      await web1.release('lock');
      await until('the change is over', async () => (await web1.change()) === null);
      expect(await second.letGo()).toBe('done');

      await assertTold(run, version, story);
      expect((await web1.starts()) - starts).toBe(story.starts);
    },
    120_000,
  );

  test('by a cable that is pulled, and healed once that was noticed', async () => {
    const version = await release();
    const starts = await web1.starts();
    const [first, second] = [gate.hold('activate', 'web-1'), gate.hold('activate', 'web-1')];
    const run = await campus.start(version);
    await first.reached;
    await web1.hold('lock');
    void first.letGo();
    await until('the change is under way', () => web1.change());
    await campus.lab.fault('web-1', 'cut');
    await web1.release('lock');
    await second.reached;
    await campus.lab.fault('web-1', 'heal');
    void second.letGo();

    await assertTold(run, version, { fails: false });
    expect((await web1.starts()) - starts).toBe(1);
  }, 120_000);
});

test('an abort while a change hangs: the way back ends it first', async () => {
  const version = await release();
  const starts = await web1.starts();
  await web1.hold('lock');
  const run = await campus.start(version);
  const hanging = await until('the change is under way', () => web1.change());
  await campus.abort(run, 'it hangs');
  await until('the way back is under way', async () => {
    const now = await web1.change();
    return now !== null && now !== hanging;
  });
  await web1.release('lock');

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe(served);
  expect(await web1.starts()).toBe(starts);
}, 120_000);

describe('the worker is killed', () => {
  test.each(STORIES)(
    'during $operation: one on another runner finds the change that goes on, and begins none',
    async (story) => {
      await campus.stopWorker();
      const version = await release(story.fails);
      const starts = await web1.starts();
      const doomed = await LateWorkerProcess.start(campus, story.operation, 'web-1');
      late.push(doomed);
      const run = await campus.start(version);
      await doomed.stoppedBeforeSending();
      await web1.hold('lock');
      doomed.goesOn();
      const hanging = await until('the change is under way', () => web1.change());
      const second = gate.hold(story.operation, 'web-1');
      doomed.kill();
      await campus.startWorker({ ...gate.instead, runner: 'another-runner' });
      await second.reached;
      const answer = second.letGo();
      await web1.release('lock');

      expect(await answer).toBe('done');
      await assertTold(run, version, story);
      const step = hanging.replace(/-\d+$/, '');
      const units = (await web1.changes()).filter(({ unit }) => unit.startsWith(`${step}-`));
      expect(units.map(({ unit }) => unit)).toEqual([`${hanging}.scope`]);
      expect((await web1.starts()) - starts).toBe(story.starts);
    },
    120_000,
  );
});
