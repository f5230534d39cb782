import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import type { EnvironmentReport } from '../../../src/client/report.js';
import { environmentPage, overview } from '../../../src/client/view/status.js';
import { newEnvironment, type QueuedRun } from '../../../src/domain/environment-state.js';
import type { Release } from '../../../src/domain/release.js';
import { progress, step } from './progress.js';

const colour = new Chalk({ level: 0 });
const canvas = { colour, width: 100, now: Date.parse('2026-11-21T12:00:10Z') };
const place = { application: 'shop', environment: 'dev' };
const never: EnvironmentReport = { place, status: null, waiting: [], progress: null };

function release(version: string): Release {
  return {
    version,
    digest: '0123456789abcdef',
    gitSha: null,
    components: [],
    schema: null,
    checks: [],
  };
}

function queued(deploymentId: string, version: string): QueuedRun {
  const enqueuedAt = '2026-11-21T12:00:00Z';
  return { deploymentId, workflowId: 'w', runId: 'r', version, requestedBy: 'alice', enqueuedAt };
}

const busy: EnvironmentReport = {
  place,
  status: {
    ...place,
    ...newEnvironment('incarnation'),
    committed: release('1.0.0'),
    quarantine: 'web2 differs',
    holder: {
      ...queued('first', '2.0.0'),
      grantedAt: '2026-11-21T12:00:05Z',
      epoch: 3,
      began: null,
      decided: false,
    },
    queue: [queued('second', '2.1.0')],
    history: [
      {
        deploymentId: 'zero',
        version: '1.0.0',
        outcome: 'SUCCEEDED',
        message: '',
        at: '2026-11-20T10:00:00.000Z',
      },
    ],
  },
  waiting: [{ workflowId: 'w', deploymentId: 'third', version: '3.0.0', phase: 'awaiting-approval' }],
  progress: progress({ steps: [step()] }),
};

test('an environment that never had a run says so', () => {
  expect(environmentPage(never, canvas)).toBe('shop/dev: nothing was ever deployed here.');
});

test('what serves, who holds it, who waits, what happened', () => {
  const page = environmentPage(busy, canvas);
  for (const part of [
    'shop/dev serves 1.0.0 (01234567), before that nothing',
    'quarantined: web2 differs',
    'held by 2.0.0 — first, asked by alice, for 5.0 s',
    '  1. 2.1.0 — second, asked by alice, waiting for 10.0 s',
    'awaiting approval: 3.0.0 — third (safeguard approve dev --id third --comment …)',
    '▶ activate backend',
    '2026-11-20 10:00:00Z  1.0.0    SUCCEEDED  zero',
  ])
    expect(page).toContain(part);
});

test('all environments at a glance', () => {
  const text = overview([never, busy], colour);
  expect(text).toMatch(/dev +never deployed/);
  expect(text).toMatch(/dev +1\.0\.0 \(01234567\) +2\.0\.0 deploying +1 +quarantined, 1 awaiting approval/);
});
