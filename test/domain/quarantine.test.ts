import { describe, expect, test } from '@jest/globals';
import { leaving, stillLeft, type Quarantine } from '../../src/domain/quarantine.js';
import type { Began } from '../../src/domain/run.js';
import { policy, release } from './release-fixtures.js';

const [OLD, NEW] = [release('1.0.0'), release('2.0.0', { digest: '2'.repeat(64) })];
const BEFORE: Quarantine = {
  reason: 'web-2',
  since: '',
  deploymentId: 'a',
  lost: ['web-2'],
  leaves: '2.0.0',
};

function began(from: typeof OLD, to: typeof OLD): Began {
  return {
    deploymentId: 'a',
    epoch: 1,
    from,
    to,
    hosts: [],
    policy: policy({}),
    runId: 'r',
    migrates: false,
  };
}

describe('after a run that got stuck, hosts leave', () => {
  test.each([
    ['the release that did not go through', 'deployment', began(OLD, NEW), OLD, null, '2.0.0'],
    ['nothing when it had been decided', 'deployment', began(OLD, NEW), NEW, null, undefined],
    ['what a rollback goes back from', 'rollback', began(NEW, OLD), OLD, null, '2.0.0'],
    ['what they had to leave before, by a repair', 'repair', began(OLD, OLD), OLD, BEFORE, '2.0.0'],
    ['the same when the repair changed nothing', 'repair', null, OLD, BEFORE, '2.0.0'],
    ['nothing when nothing was to be left', 'repair', null, OLD, null, undefined],
  ] as const)('%s', (_, kind, what, committed, before, leaves) => {
    expect(leaving({ kind, began: what }, committed, before)).toEqual(leaves === undefined ? {} : { leaves });
  });

  test('and a recovery tells them so, unless it is a rollback, which knows it by itself', () => {
    expect(stillLeft('converge', BEFORE)).toEqual({ leaves: '2.0.0' });
    expect(stillLeft('rejoin', null)).toEqual({});
    expect(stillLeft('rollback', BEFORE)).toEqual({});
  });
});
