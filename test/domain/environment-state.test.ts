import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  begun,
  decidedOn,
  evicted,
  handedOver,
  joined,
  left,
  newEnvironment,
  objectionToEviction,
  objectionToJoining,
  target,
  type EnvironmentState,
  type LeaveNotice,
  type QueuedRun,
} from '../../src/domain/environment-state.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { Began } from '../../src/domain/run.js';
import { HOSTS, policy, release } from './release-fixtures.js';

const AT = '2026-11-21T11:45:12.000Z';

function run(deploymentId: string): QueuedRun {
  return {
    kind: 'deployment',
    deploymentId,
    workflowId: `deployment/test/1.0.0/${deploymentId}`,
    runId: `run-${deploymentId}`,
    version: '1.0.0',
    requestedBy: 'ada',
    enqueuedAt: AT,
  };
}

function speaker(deploymentId: string): { deploymentId: string; runId: string } {
  return { deploymentId, runId: `run-${deploymentId}` };
}

function beganOf(deploymentId: string, epoch: number): Began {
  return {
    deploymentId,
    epoch,
    from: release('1.0.0'),
    to: release('2.0.0'),
    hosts: HOSTS,
    policy: policy(),
    runId: `run-${deploymentId}`,
    migrates: false,
  };
}

type Event =
  | { readonly kind: 'join'; readonly id: string }
  | { readonly kind: 'hand over' }
  | { readonly kind: 'begin'; readonly id: string; readonly epoch: number }
  | { readonly kind: 'decide'; readonly id: string }
  | { readonly kind: 'leave'; readonly id: string; readonly outcome: Outcome | null };

function apply(state: EnvironmentState, event: Event): EnvironmentState {
  switch (event.kind) {
    case 'join':
      return joined(state, run(event.id));
    case 'hand over':
      return handedOver(state, AT);
    case 'begin':
      return begun(state, beganOf(event.id, event.epoch));
    case 'decide':
      return decidedOn(state, speaker(event.id));
    case 'leave':
      return left(state, { ...speaker(event.id), outcome: event.outcome, message: 'said' }, AT);
  }
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const outcome = fc.constantFrom<Outcome | null>(
  'SUCCEEDED',
  'NOOP',
  'ROLLED_BACK',
  'PARTIAL',
  'WITHDRAWN',
  null,
);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), id }),
  fc.record({ kind: fc.constant('hand over' as const) }),
  fc.record({ kind: fc.constant('begin' as const), id, epoch: fc.nat(50) }),
  fc.record({ kind: fc.constant('decide' as const), id }),
  fc.record({ kind: fc.constant('leave' as const), id, outcome }),
);

/** Checks something about every step of every story. */
function always(check: (before: EnvironmentState, event: Event, after: EnvironmentState) => void): void {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      let state = newEnvironment('life');
      for (const next of events) {
        const after = apply(state, next);
        check(state, next, after);
        state = after;
      }
    }),
  );
}

function places(state: EnvironmentState): string[] {
  return [
    ...(state.holder ? [state.holder.deploymentId] : []),
    ...state.queue.map((one) => one.deploymentId),
  ];
}

describe('whatever happens', () => {
  test('a run has one place at most', () => {
    always((_before, _event, after) => expect(new Set(places(after)).size).toBe(places(after).length));
  });

  test('nobody overtakes: who was before somebody stays before', () => {
    always((before, _event, after) => {
      const stayed = places(before).filter((one) => places(after).includes(one));
      expect(places(after).slice(0, stayed.length)).toEqual(stayed);
    });
  });

  test('a holder is never replaced, only gone', () => {
    always((before, _event, after) => {
      if (before.holder && after.holder) expect(after.holder.deploymentId).toBe(before.holder.deploymentId);
    });
  });

  test('the epoch never falls, and grows with every grant', () => {
    always((before, _event, after) => {
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
      if (!before.holder && after.holder) {
        expect(after.epoch).toBeGreaterThan(before.epoch);
        expect(after.holder.epoch).toBe(after.epoch);
      }
    });
  });

  test('a notice about a run that has no place changes nothing', () => {
    always((before, what, after) => {
      if (what.kind !== 'join' && what.kind !== 'hand over' && !places(before).includes(what.id))
        expect(after).toBe(before);
    });
  });

  test('PARTIAL quarantines, and no deployment lifts that', () => {
    always((before, what, after) => {
      const partial = what.kind === 'leave' && what.outcome === 'PARTIAL' && places(before).includes(what.id);
      expect(after.quarantine?.reason).toBe(partial ? 'said' : before.quarantine?.reason);
    });
  });
});

describe('history', () => {
  test('remembers the newest twenty, the newest first', () => {
    let state = newEnvironment('life');
    for (let n = 1; n <= 30; n += 1) {
      state = handedOver(joined(state, run(`r${n}`)), AT);
      state = left(state, { ...speaker(`r${n}`), outcome: 'NOOP', message: '' }, AT);
    }
    expect(state.history).toHaveLength(20);
    expect(state.history[0]?.deploymentId).toBe('r30');
  });

  test('does not mention a run that gives its place back to ask again', () => {
    const state = handedOver(joined(newEnvironment('life'), run('a')), AT);
    expect(left(state, { ...speaker('a'), outcome: null, message: '' }, AT)).toMatchObject({
      holder: null,
      history: [],
    });
  });
});

describe('what is committed', () => {
  const held = handedOver(joined(newEnvironment('life'), run('a')), AT);
  const leaving = (state: EnvironmentState, over: Partial<LeaveNotice>): EnvironmentState =>
    left(state, { ...speaker('a'), outcome: 'SUCCEEDED', message: '', ...over }, AT);

  test('is what the run says it left, and what was there before is the previous one', () => {
    const after = leaving(begun(held, beganOf('a', 1)), { committed: release('2.0.0') });
    expect([after.committed?.version, after.releases[1]?.version]).toEqual(['2.0.0', '1.0.0']);
  });

  test('stays when the run says nothing of it', () => {
    expect(leaving(begun(held, beganOf('a', 1)), { outcome: 'ROLLED_BACK' }).committed?.version).toBe(
      '1.0.0',
    );
  });

  test('the same release again does not push out the previous one', () => {
    const state = { ...held, committed: release('2.0.0'), releases: [release('2.0.0'), release('1.0.0')] };
    expect(leaving(state, { committed: release('2.0.0') }).releases[1]?.version).toBe('1.0.0');
  });

  test('an epoch that hosts know already is taken over', () => {
    expect(begun(held, beganOf('a', 40)).epoch).toBe(40);
    expect(begun({ ...held, epoch: 50 }, beganOf('a', 40)).epoch).toBe(50);
  });
});

test('a gone holder is undone until it had decided, and finished after that', () => {
  const began = begun(handedOver(joined(newEnvironment('life'), run('a')), AT), beganOf('a', 1));
  const decided = decidedOn(began, speaker('a'));
  expect([began, decided].map((state) => state.holder && target(state, state.holder)?.version)).toEqual([
    '1.0.0',
    '2.0.0',
  ]);
});

test('a run that has ended does not join again, however late its word arrives', () => {
  const held = handedOver(joined(newEnvironment('i'), run('a')), AT);
  const ended = left(held, { ...speaker('a'), outcome: 'SUCCEEDED', message: '' }, AT);
  expect(joined(ended, run('a'))).toEqual(ended);
});

test('what repairs an environment is let in before the deployments that wait', () => {
  const rollback = { ...run('c'), kind: 'rollback' } as const;
  const state = [run('a'), run('b'), rollback, { ...rollback, deploymentId: 'd' }].reduce(
    joined,
    newEnvironment('life'),
  );
  expect(state.queue.map(({ deploymentId }) => deploymentId)).toEqual(['c', 'd', 'a', 'b']);
});

describe('a run that was reset', () => {
  const held = handedOver(joined(newEnvironment('life'), run('a')), AT);
  const reset = { ...run('a'), runId: 'run-2' };

  test('goes on waiting in its place', () => {
    const waiting = joined(joined(held, run('b')), { ...run('b'), runId: 'run-2' });
    expect(waiting.queue).toMatchObject([{ deploymentId: 'b', runId: 'run-2' }]);
  });

  test('is told no once it had been given the environment', () => {
    expect(joined(held, reset)).toBe(held);
    expect(objectionToJoining(held, reset)).toMatch(/was reset/);
    expect(objectionToJoining(held, run('a'))).toBeNull();
  });

  test('speaks for nobody', () => {
    const { deploymentId, runId } = reset;
    expect(begun(held, { ...beganOf('a', 1), runId })).toBe(held);
    expect(decidedOn(held, { deploymentId, runId })).toBe(held);
    expect(left(held, { deploymentId, runId, outcome: 'PARTIAL', message: '' }, AT)).toBe(held);
  });
});

describe('an eviction', () => {
  const state: EnvironmentState = { ...newEnvironment('life'), hosts: HOSTS };
  const eviction = (host: (typeof HOSTS)[number]) =>
    ({ host, by: 'ada', reason: 'disk', at: AT, withdrawn: false }) as const;
  const [first, ...others] = HOSTS;

  test('is refused for a host that is not there, for one twice, and for the last', () => {
    const [, second] = HOSTS;
    if (!first || !second) throw new Error('the fixtures have two hosts at least');
    expect(objectionToEviction(state, 'web-9')).toMatch(/no host web-9/);
    expect(objectionToEviction(state, first.name)).toBeNull();
    expect(objectionToEviction(evicted(state, eviction(first)), first.name)).toMatch(/already/);
    const rest = others.reduce((before, host) => evicted(before, eviction(host)), state);
    expect(objectionToEviction(rest, first.name)).toMatch(/last host/);
  });

  test('a rejoin is about one host, and the others stay known', () => {
    const rejoin = { ...run('a'), kind: 'rejoin' } as const;
    const held = handedOver(joined(first ? evicted(state, eviction(first)) : state, rejoin), AT);
    expect(begun(held, { ...beganOf('a', 1), hosts: first ? [first] : [] }).hosts).toEqual(HOSTS);
  });

  test('ends when the host is counted in again', () => {
    if (!first) throw new Error('the fixtures have a host');
    const held = handedOver(joined(evicted(state, eviction(first)), run('a')), AT);
    const notice = { ...speaker('a'), outcome: 'SUCCEEDED', message: '' } as const;
    expect(left(held, { ...notice, withdrawn: first.name }, AT).evicted).toMatchObject({
      [first.name]: { withdrawn: true },
    });
    expect(left(held, { ...notice, rejoined: first.name }, AT).evicted).toEqual({});
  });
});

test('a quarantine is over when every host was seen to serve one release', () => {
  const partial = { ...speaker('a'), outcome: 'PARTIAL', message: 'web-2', lost: ['web-2'] } as const;
  const held = handedOver(joined(newEnvironment('life'), run('a')), AT);
  const quarantined = handedOver(joined(left(held, partial, AT), { ...run('b'), kind: 'converge' }), AT);
  expect(quarantined.quarantine).toMatchObject({ lost: ['web-2'], deploymentId: 'a' });
  const notice = { ...speaker('b'), outcome: 'SUCCEEDED', message: '', consistent: true } as const;
  expect(left(quarantined, notice, AT).quarantine).toBeNull();
});
