import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import { describePlan } from '../../../src/client/view/recovery-plan.js';
import type { RecoveryPlan } from '../../../src/domain/recovery.js';
import { release } from '../workflows/releases.js';

const colour = new Chalk({ level: 0 });

const plan: Omit<RecoveryPlan, 'policy'> = {
  from: release('2.0.0'),
  to: null,
  hosts: [],
  compose: null,
  settles: false,
  supply: [],
  would: { web1: ['backend would be stopped', 'site would\u001b[31m be removed'], web2: [], web3: [] },
  silent: ['web3'],
};

function shown(change: Partial<RecoveryPlan> = {}): string[] {
  const text = describePlan({ ...plan, policy: {} as RecoveryPlan['policy'], ...change }, 'title', colour);
  return text.split('\n');
}

test('each sentence names its host; a host in order says so; a silent one is not called in order', () => {
  expect(shown()).toEqual([
    'title: 2.0.0 (200abcde) → nothing',
    '  web1: backend would be stopped',
    '  web1: site would [31m be removed',
    '  web2: as it should be',
    '  web3: does not answer',
    'Nothing was changed.',
  ]);
});

test('a composite release says where it comes from', () => {
  const compose = { manifest: {} as NonNullable<RecoveryPlan['compose']>['manifest'], sources: {} };
  expect(shown({ to: release('1.5.0'), compose })).toContain(
    '  made on the hosts from the releases that lie there',
  );
});
