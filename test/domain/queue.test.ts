import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  handedOver,
  isDeployment,
  left,
  newEnvironment,
  type EnvironmentState,
  type QueuedRun,
} from '../../src/domain/environment-state.js';
import { isStale, join, positionOf, stalled, type Joining } from '../../src/domain/queue.js';

const AT = '2026-11-21T11:45:12.000Z';

/** `second`: when it asked for a place. */
function run(deploymentId: string, over: Partial<QueuedRun> = {}, second = 0): QueuedRun {
  return {
    kind: 'deployment',
    deploymentId,
    workflowId: `deployment/test/1.0.0/${deploymentId}`,
    runId: `run-${deploymentId}`,
    version: '1.0.0',
    requestedBy: 'ada',
    enqueuedAt: new Date(Date.parse(AT) + second * 1000).toISOString(),
    ...over,
  };
}

function ids(runs: readonly { readonly deploymentId: string }[]): string[] {
  return runs.map(({ deploymentId }) => deploymentId);
}

/** All of them join, one after the other. */
function afterJoining(...runs: readonly QueuedRun[]): Joining {
  return runs.reduce<Joining>(({ state }, next) => join(state, next, AT), {
    state: newEnvironment('one'),
    refused: [],
  });
}

function heldBy(holder: QueuedRun, ...waiting: readonly QueuedRun[]): EnvironmentState {
  const held = handedOver(afterJoining(holder).state, AT);
  return waiting.reduce((state, next) => join(state, next, AT).state, held);
}

describe('a run that does not wait', () => {
  test('is let in where nobody holds or waits', () => {
    expect(ids(afterJoining(run('a', { ifBusy: 'fail' })).state.queue)).toEqual(['a']);
  });

  test('is told who holds the environment', () => {
    const state = heldBy(run('a', { requestedBy: 'ben' }));
    const { state: next, refused } = join(state, run('b', { ifBusy: 'fail' }), AT);
    expect(next).toBe(state);
    expect(refused).toMatchObject([{ run: { deploymentId: 'b' }, refusal: { code: 'ENVIRONMENT_BUSY' } }]);
    expect(refused[0]?.refusal.message).toContain('a (1.0.0), asked for by ben');
  });

  test('is refused while others wait, though nobody holds the environment at this moment', () => {
    const { refused } = afterJoining(run('a'), run('b', { ifBusy: 'fail' }));
    expect(refused).toMatchObject([{ run: { deploymentId: 'b' }, refusal: { code: 'ENVIRONMENT_BUSY' } }]);
  });

  test('says again that it joins without being in its own way', () => {
    const state = heldBy(run('a', { ifBusy: 'fail' }));
    expect(join(state, run('a', { ifBusy: 'fail' }), AT)).toEqual({ state, refused: [] });
  });

  test('does not wait for what repairs the environment either', () => {
    const { state, refused } = afterJoining(run('a', { ifBusy: 'fail' }), run('c', { kind: 'converge' }));
    expect(ids(state.queue)).toEqual(['c']);
    expect(refused).toMatchObject([{ run: { deploymentId: 'a' }, refusal: { code: 'ENVIRONMENT_BUSY' } }]);
  });

  test('and a recovery always waits', () => {
    const state = heldBy(run('a'));
    expect(join(state, run('c', { kind: 'converge', ifBusy: 'fail' }), AT).refused).toEqual([]);
  });
});

describe('where only the newest matters', () => {
  const newest = { supersedes: true };

  test('deployments that wait are put out, and are told by which one', () => {
    const state = heldBy(run('a'), run('b', {}, 1), run('r', { kind: 'rollback' }, 2), run('c', {}, 3));
    const { state: next, refused } = join(state, run('d', newest, 4), AT);
    expect(next.holder?.deploymentId).toBe('a');
    expect(ids(next.queue)).toEqual(['r', 'd']);
    expect(ids(refused.map((one) => one.run))).toEqual(['b', 'c']);
    expect(refused[0]?.refusal).toMatchObject({ code: 'SUPERSEDED' });
    expect(refused[0]?.refusal.message).toContain('d (1.0.0)');
    expect(next.history).toMatchObject([{ deploymentId: 'c', outcome: 'REFUSED' }, { deploymentId: 'b' }]);
  });

  test('one that was put out does not get in again by a look that was under way', () => {
    const { state } = join(heldBy(run('a'), run('b', newest, 1)), run('c', newest, 2), AT);
    const again = join(state, run('b', newest, 1), AT);
    expect(ids(again.state.queue)).toEqual(['c']);
    expect(again.refused).toHaveLength(1);
  });

  test('an older one that asks for its place late does not put a newer one out', () => {
    const { state, refused } = join(heldBy(run('a'), run('c', newest, 2)), run('b', newest, 1), AT);
    expect(ids(state.queue)).toEqual(['c']);
    expect(refused).toMatchObject([{ run: { deploymentId: 'b' }, refusal: { code: 'SUPERSEDED' } }]);
  });
});

test('a position counts from 1, names the holder, and is no other run’s after a reset', () => {
  const state = heldBy(run('a'), run('b'), run('c'));
  expect(positionOf(state, 'c')).toEqual({ position: 2, of: 2, holder: 'a (1.0.0)' });
  expect(positionOf(state, 'c', 'run-c')).not.toBeNull();
  expect(positionOf(state, 'c', 'reset')).toBeNull();
  expect(positionOf(state, 'a')).toBeNull();
});

test('a holder without progress is marked until it goes on, and nobody else in its place', () => {
  const state = heldBy(run('a'), run('b'));
  const flagged = stalled(state, { deploymentId: 'a', epoch: 1 }, AT);
  expect(flagged.holder?.stalledSince).toBe(AT);
  expect(isStale(flagged, Date.parse(AT) + 899_000)).toBe(false);
  expect(isStale(flagged, Date.parse(AT) + 900_000)).toBe(true);
  expect(isStale(stalled(flagged, { deploymentId: 'a', epoch: 1 }, null), Infinity)).toBe(false);
  const notice = { deploymentId: 'a', runId: 'run-a', outcome: 'SUCCEEDED' as const, message: '' };
  const next = handedOver(left(flagged, notice, AT), AT);
  expect(next.holder).toMatchObject({ deploymentId: 'b' });
  expect(next.holder?.stalledSince).toBeUndefined();
  expect(stalled(next, { deploymentId: 'a', epoch: 1 }, AT)).toBe(next);
});

// ---- Whatever comes in whatever order ---------------------------------------------------------------------------

type Event =
  | { readonly kind: 'join' | 'reset'; readonly run: QueuedRun }
  | { readonly kind: 'hand over' }
  | { readonly kind: 'leave'; readonly id: string; readonly stepsBack: boolean };

const SOME = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const anyRun = fc
  .record({
    id: fc.constantFrom(...SOME),
    kind: fc.constantFrom('deployment', 'deployment', 'deployment', 'converge', 'rollback' as const),
    fails: fc.boolean(),
    supersedes: fc.boolean(),
    second: fc.nat(20),
  })
  .map(({ id, kind, fails, supersedes, second }) =>
    // What a run is stands fast: only when it asks differs.
    run(
      `${id}-${kind}-${fails}-${supersedes}`,
      { kind, supersedes, ifBusy: fails ? 'fail' : 'wait' },
      second,
    ),
  );

const anyEvents = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: anyRun.map((one): Event => ({ kind: 'join', run: one })) },
    {
      weight: 1,
      arbitrary: anyRun.map((one): Event => ({ kind: 'reset', run: { ...one, runId: 'other' } })),
    },
    { weight: 3, arbitrary: fc.constant<Event>({ kind: 'hand over' }) },
    {
      weight: 3,
      arbitrary: fc
        .record({ one: anyRun, stepsBack: fc.boolean() })
        .map(({ one, stepsBack }): Event => ({ kind: 'leave', id: one.deploymentId, stepsBack })),
    },
  ),
  { maxLength: 60 },
);

/** What happened beside the state: who came in which order, who was told to go, who left. */
class Story {
  state = newEnvironment('one');
  /** Those that have a place, in the order in which they got it. */
  places: string[] = [];

  happen(event: Event): void {
    if (event.kind === 'hand over') this.handOver();
    else if (event.kind === 'leave') this.leave(event.id, event.stepsBack);
    else this.join(event.run);
  }

  private join(one: QueuedRun): void {
    const before = this.state;
    const { state, refused } = join(before, one, AT);
    const out = ids(refused.map((each) => each.run));
    const { deploymentId } = one;
    const mayCome = !this.places.includes(deploymentId) && !out.includes(deploymentId);
    this.places = [...this.places, ...(mayCome ? [deploymentId] : [])].filter((id) => !out.includes(id));
    this.state = state;
    for (const { run: gone, refusal } of refused) {
      expect(isDeployment(gone) || refusal.code === 'RUN_WAS_RESET').toBe(true);
      if (refusal.code === 'RUN_WAS_RESET') this.keepHolder(before);
      else expect(gone.deploymentId).not.toBe(before.holder?.deploymentId);
      if (refusal.code === 'SUPERSEDED' && gone !== one) expect(one.supersedes).toBe(true);
    }
    expect(state.epoch).toBe(before.epoch);
    expect(state.holder).toBe(before.holder);
  }

  /** One that was reset while it held the environment is refused, and what it held stays held. */
  private keepHolder({ holder }: EnvironmentState): void {
    if (holder && !this.places.includes(holder.deploymentId)) this.places.unshift(holder.deploymentId);
  }

  private handOver(): void {
    const { holder, queue, epoch } = this.state;
    this.state = handedOver(this.state, AT);
    if (holder || queue.length === 0) {
      expect(this.state.holder).toBe(holder);
      return;
    }
    const urgent = queue.filter((one) => !isDeployment(one));
    expect(this.state.holder?.deploymentId).toBe((urgent[0] ?? queue[0])?.deploymentId);
    expect(this.state.epoch).toBe(epoch + 1);
  }

  private leave(deploymentId: string, stepsBack: boolean): void {
    const { holder, queue } = this.state;
    const there = [...(holder ? [holder] : []), ...queue].find((one) => one.deploymentId === deploymentId);
    const runId = there?.runId ?? 'none';
    const outcome = stepsBack ? null : 'SUCCEEDED';
    this.state = left(this.state, { deploymentId, runId, outcome, message: '' }, AT);
    this.places = this.places.filter((id) => id !== deploymentId);
  }

  check(): void {
    const { holder, queue } = this.state;
    const here = ids([...(holder ? [holder] : []), ...queue]);
    // Nobody is lost, nobody is there twice.
    expect([...here].sort()).toEqual([...this.places].sort());
    // First what repairs the environment, and each of both in the order of coming.
    const waiting = this.places.filter((id) => id !== holder?.deploymentId);
    const isUrgent = (id: string): boolean => !id.includes('-deployment-');
    expect(ids(queue)).toEqual([...waiting.filter(isUrgent), ...waiting.filter((id) => !isUrgent(id))]);
    // Who does not wait has nobody before it.
    queue.forEach((one, index) => {
      const isFirst = index === 0 && holder === null;
      expect(one.ifBusy !== 'fail' || !isDeployment(one) || isFirst).toBe(true);
    });
  }
}

test('one holder, epochs that rise, first in first out, nobody lost or twice, whatever comes in whatever order', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const story = new Story();
      for (const event of events) {
        story.happen(event);
        story.check();
      }
    }),
    { numRuns: 500 },
  );
});
