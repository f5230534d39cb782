import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitUntil } from '../../lab/waiting.js';
import {
  PowerHost,
  RELEASES,
  SITE_FILE,
  STATE_FILE,
  UNIT_FILE,
  catchMoment,
  type Answer,
} from './power-host.js';
import { stateOf, type About, type Built, type Operation } from './power-request.js';

jest.setTimeout(120_000);

let host: PowerHost;
/** What the host has committed, and a release that it could serve instead; they change places when one is committed. */
let now: Built;
let next: Built;

beforeAll(async () => {
  host = await PowerHost.open();
  [now, next] = [await host.newRelease(), await host.newRelease()];
}, 300_000);
afterAll(async () => {
  const mean = host.cycles.reduce((sum, one) => sum + one, 0) / Math.max(1, host.cycles.length);
  console.info(`${host.cuts} power cuts, ${Math.round(mean)} ms from cut to boot gate`);
  await host.close();
}, 60_000);
beforeEach(() => {
  host.beginRun();
});

async function expectServed(release: Built | null): Promise<void> {
  const version = release?.release.version ?? 'nothing';
  const wanted = { backend: version, frontend: version, unit: release ? 'active' : 'inactive' };
  let seen = {};
  const isReached = async (): Promise<boolean> => {
    seen = await host.served();
    return JSON.stringify(seen) === JSON.stringify(wanted);
  };
  await waitUntil('served', isReached, 10_000, 100).catch(() => undefined);
  expect(seen).toEqual(wanted);
}

/** What has to hold after every boot: one whole release or nothing, and nothing that is half there counts. */
async function expectWhole(): Promise<Built | null> {
  const seen = await host.inspect();
  const built = [now, next].find(({ release }) => release.digest === seen.committed) ?? null;
  // A program with votes keeps a host that is in doubt out of traffic until it is told what to serve.
  const isInDoubt = ((seen as { withheld?: unknown }).withheld ?? null) !== null;
  const serves = isInDoubt ? null : built;
  await expectServed(serves);
  const components = Object.values(seen.components).filter(({ state }) => state === 'active');
  expect(components.map(({ digest, differences }) => ({ digest, differences }))).toEqual(
    (serves ? [1, 2] : []).map(() => ({ digest: serves?.release.digest, differences: [] })),
  );
  if (!isInDoubt) expect(seen.intent).toBeNull();
  const damage = await Promise.all(seen.releases.map(({ digest }) => host.damage(digest)));
  expect(damage.filter(Boolean)).toEqual([]);
  const state = host.peek(STATE_FILE);
  if (state !== null) expect([stateOf(now), stateOf(next)]).toContainEqual(JSON.parse(state));
  return built;
}

function digestsOf(releases: readonly { readonly digest: string }[]): string[] {
  return releases.map(({ digest }) => digest);
}

describe('power is lost right after the answer', () => {
  test('of a first activation: the host serves nothing after its boot, and nothing is left of it', async () => {
    await host.stageAll(now);
    await host.activateAll(now);
    await expectServed(now);
    await host.powerCycle();

    expect(await expectWhole()).toBeNull();
    expect([host.peek(UNIT_FILE), host.peek(SITE_FILE)]).toEqual([null, null]);
    await host.deploy(now);
  });

  test('of stage: the release lies on the host whole and unaltered, secrets included', async () => {
    await host.stageAll(next);
    await host.powerCycle();

    const seen = await host.inspect();
    expect(digestsOf(seen.releases)).toContain(next.release.digest);
    expect(await host.damage(next.release.digest)).toBe('');
    expect(seen.token).toEqual(host.token);
    expect(await expectWhole()).toBe(now);
  });

  test('of activate: the host serves the committed release, and remembers the run that it began', async () => {
    await host.stageAll(next);
    await host.activateAll(next);
    await expectServed(next);
    await host.powerCycle();

    expect(await expectWhole()).toBe(now);
    expect((await host.inspect()).token).toEqual(host.token);
  });

  test('of restore: the host serves the release that it was brought back to', async () => {
    await host.stageAll(next);
    await host.activateAll(next);
    await host.must('restore', { release: now });
    await host.powerCycle();

    expect(await expectWhole()).toBe(now);
    expect((await host.inspect()).token).toEqual(host.token);
  });

  test('of commit: the host serves the new release, and its state file is whole', async () => {
    await host.deploy(next);
    [now, next] = [next, now];
    await host.powerCycle();

    expect(await expectWhole()).toBe(now);
    expect(JSON.parse(host.peek(STATE_FILE) ?? 'null')).toEqual(stateOf(now));
    expect((await host.inspect()).token).toEqual(host.token);
  });

  test('of adopt: the host belongs to the new incarnation, and the log says who took it', async () => {
    const incarnation = 'a-new-life';
    await host.must('adopt', { incarnation });
    await host.powerCycle();

    expect((await host.inspect()).token).toEqual(host.token);
    expect(host.peek('var/lib/safeguard/campus-production/audit.jsonl')).toContain(`"${incarnation}"`);
    expect(await expectWhole()).toBe(now);
  });
});

/** A moment of a request: after so many milliseconds, or when something can be seen on the host. */
type Moment = number | { readonly seen: string; readonly isThere: () => boolean };

/** Cuts the power in the middle of an operation; returns the answer, when there was one. */
async function cutDuring(operation: Operation, about: About, moment: Moment): Promise<Answer> {
  const before = (await host.inspect()).token;
  const answering = host.send(operation, about);
  if (typeof moment === 'number') await delay(moment);
  else await catchMoment(moment.isThere, answering);
  await host.losePower();
  const answer = await answering;
  await host.start();
  const { token } = await host.inspect();
  expect(answer.type === 'result' ? [host.token] : [before, host.token]).toContainEqual(token);
  return answer;
}

function nameOf(moment: Moment): string {
  return typeof moment === 'number' ? `${moment} ms` : moment.seen;
}

/** A test for each moment: `[name, moment]`. */
function moments(...list: readonly Moment[]): [string, Moment][] {
  return list.map((moment) => [nameOf(moment), moment]);
}

const DELAYS = [5, 150, 400];

describe('power is lost in the middle of stage: the release is there whole or not at all', () => {
  const isReceiving = (): boolean => host.list(RELEASES).some((name) => name.startsWith('.staging-'));
  const isNamed = (): boolean => host.list(`${RELEASES}/${next.release.digest}`).includes('backend');

  test.each(
    moments(
      5,
      60,
      { seen: 'it arrives', isThere: isReceiving },
      { seen: 'it has its name', isThere: isNamed },
    ),
  )('at %s', async (_, moment) => {
    next = await host.newRelease();
    const about = { release: next, component: 'backend' } as const;
    const answer = await cutDuring('stage', about, moment);

    const staged = host.list(`${RELEASES}/${next.release.digest}`).includes('.backend.files');
    if (answer.type === 'result') expect(staged).toBe(true);
    expect(await expectWhole()).toBe(now);
    host.beginRun();
    await host.must('stage', about);
    await host.must('stage', { release: next, component: 'frontend' });
    expect(await host.damage(next.release.digest)).toBe('');
    expect(digestsOf((await host.inspect()).releases)).toContain(next.release.digest);
  });
});

describe('power is lost in the middle of activate: the host serves the committed release', () => {
  const isWritten = (file: string) => (): boolean => host.peek(file)?.includes(next.release.digest) === true;

  test.each(moments(...DELAYS, { seen: 'the unit is written', isThere: isWritten(UNIT_FILE) }))(
    'backend, at %s',
    async (_, moment) => {
      await host.stageAll(next);
      const about = { release: next, component: 'backend' } as const;
      await cutDuring('activate', about, moment);

      expect(await expectWhole()).toBe(now);
      host.beginRun();
      await host.activateAll(next);
      await expectServed(next);
      await host.must('restore', { release: now });
    },
  );

  test.each(moments(150, { seen: 'the site is written', isThere: isWritten(SITE_FILE) }))(
    'frontend, at %s',
    async (_, moment) => {
      await host.stageAll(next);
      await host.must('activate', { release: next, component: 'backend' });
      await cutDuring('activate', { release: next, component: 'frontend' }, moment);

      expect(await expectWhole()).toBe(now);
      host.beginRun();
      await host.activateAll(next);
      await expectServed(next);
      await host.must('restore', { release: now });
    },
  );
});

describe('power is lost in the middle of restore: the host serves the committed release', () => {
  const isBack = (): boolean => host.peek(UNIT_FILE)?.includes(now.release.digest) === true;

  test.each(moments(...DELAYS, { seen: 'the old unit is back', isThere: isBack }))(
    'at %s',
    async (_, moment) => {
      await host.stageAll(next);
      await host.activateAll(next);
      await cutDuring('restore', { release: now }, moment);

      expect(await expectWhole()).toBe(now);
      host.beginRun();
      await host.must('restore', { release: now });
      await expectServed(now);
    },
  );
});

describe('power is lost in the middle of commit: the host serves one release, and only that', () => {
  const isWritten = (): boolean => host.peek(STATE_FILE)?.includes(`"${next.release.version}"`) === true;

  test.each(moments(...DELAYS, { seen: 'the state file is written', isThere: isWritten }))(
    'at %s',
    async (_, moment) => {
      await host.stageAll(next);
      await host.activateAll(next);
      await host.vote(next);
      const answer = await cutDuring('commit', { release: next }, moment);

      const committed = await expectWhole();
      if (answer.type === 'result') expect(committed).toBe(next);
      host.beginRun();
      await host.must('commit', { release: next });
      [now, next] = [next, now];
      await expectServed(now);
      expect(JSON.parse(host.peek(STATE_FILE) ?? 'null')).toEqual(stateOf(now));
    },
  );
});

describe('power is lost in the middle of adopt: the host belongs to the old incarnation or to the new one', () => {
  test.each(moments(5, 80, 150))('at %s', async (name, moment) => {
    await cutDuring('adopt', { incarnation: `life-${name.replace(' ', '-')}` }, moment);

    expect(await expectWhole()).toBe(now);
    host.beginRun();
    await host.must('adopt');
    expect((await host.inspect()).token).toEqual(host.token);
  });
});
