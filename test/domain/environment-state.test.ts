import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  begun,
  decidedOn,
  handedOver,
  joined,
  left,
  newEnvironment,
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
    deploymentId,
    workflowId: `deployment/test/1.0.0/${deploymentId}`,
    runId: `run-${deploymentId}`,
    version: '1.0.0',
    requestedBy: 'ada',
    enqueuedAt: AT,
  };
}

function beganOf(deploymentId: string, epoch: number): Began {
  return {
    deploymentId,
    epoch,
    from: release('1.0.0'),
    to: release('2.0.0'),
    hosts: HOSTS,
    policy: policy(),
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
      return decidedOn(state, event.id);
    case 'leave':
      return left(state, { deploymentId: event.id, outcome: event.outcome, message: 'said' }, AT);
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

  test('PARTIAL quarantines, and nothing lifts that', () => {
    always((before, what, after) => {
      const partial = what.kind === 'leave' && what.outcome === 'PARTIAL' && places(before).includes(what.id);
      expect(after.quarantine).toBe(partial ? 'said' : before.quarantine);
    });
  });
});

describe('history', () => {
  test('remembers the newest twenty, the newest first', () => {
    let state = newEnvironment('life');
    for (let n = 1; n <= 30; n += 1) {
      state = handedOver(joined(state, run(`r${n}`)), AT);
      state = left(state, { deploymentId: `r${n}`, outcome: 'NOOP', message: '' }, AT);
    }
    expect(state.history).toHaveLength(20);
    expect(state.history[0]?.deploymentId).toBe('r30');
  });

  test('does not mention a run that gives its place back to ask again', () => {
    const state = handedOver(joined(newEnvironment('life'), run('a')), AT);
    expect(left(state, { deploymentId: 'a', outcome: null, message: '' }, AT)).toMatchObject({
      holder: null,
      history: [],
    });
  });
});

describe('what is committed', () => {
  const held = handedOver(joined(newEnvironment('life'), run('a')), AT);
  const leaving = (state: EnvironmentState, over: Partial<LeaveNotice>): EnvironmentState =>
    left(state, { deploymentId: 'a', outcome: 'SUCCEEDED', message: '', ...over }, AT);

  test('is what the run says it left, and what was there before is the previous one', () => {
    const after = leaving(begun(held, beganOf('a', 1)), { committed: release('2.0.0') });
    expect([after.committed?.version, after.previous?.version]).toEqual(['2.0.0', '1.0.0']);
  });

  test('stays when the run says nothing of it', () => {
    expect(leaving(begun(held, beganOf('a', 1)), { outcome: 'ROLLED_BACK' }).committed?.version).toBe(
      '1.0.0',
    );
  });

  test('the same release again does not push out the previous one', () => {
    const state = { ...held, committed: release('2.0.0'), previous: release('1.0.0') };
    expect(leaving(state, { committed: release('2.0.0') }).previous?.version).toBe('1.0.0');
  });

  test('an epoch that hosts know already is taken over', () => {
    expect(begun(held, beganOf('a', 40)).epoch).toBe(40);
    expect(begun({ ...held, epoch: 50 }, beganOf('a', 40)).epoch).toBe(50);
  });
});

test('a gone holder is undone until it had decided, and finished after that', () => {
  const began = begun(handedOver(joined(newEnvironment('life'), run('a')), AT), beganOf('a', 1));
  const decided = decidedOn(began, 'a');
  expect([began, decided].map((state) => state.holder && target(state, state.holder)?.version)).toEqual([
    '1.0.0',
    '2.0.0',
  ]);
});

test('a run that has ended does not join again, however late its word arrives', () => {
  const held = handedOver(joined(newEnvironment('i'), run('a')), AT);
  const ended = left(held, { deploymentId: 'a', outcome: 'SUCCEEDED', message: '' }, AT);
  expect(joined(ended, run('a'))).toEqual(ended);
});
