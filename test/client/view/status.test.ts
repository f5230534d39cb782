import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import type { EnvironmentReport } from '../../../src/client/report.js';
import { environmentPage, overview } from '../../../src/client/view/status.js';
import { newEnvironment, type QueuedRun, type RunKind } from '../../../src/domain/environment-state.js';
import type { Release } from '../../../src/domain/release.js';
import { progress, step } from './progress.js';

const colour = new Chalk({ level: 0 });
const canvas = { colour, width: 100, now: Date.parse('2026-11-21T12:00:10Z') };
const place = { application: 'shop', environment: 'dev' };
const never: EnvironmentReport = { place, status: null, waiting: [], progress: null };

function release(version: string): Release {
  return {
    version,
    digest: `${version.replaceAll('.', '')}3456789abcdef`,
    gitSha: null,
    components: [],
    schema: null,
    checks: [],
  };
}

function queued(deploymentId: string, version: string, kind: RunKind = 'deployment'): QueuedRun {
  const enqueuedAt = '2026-11-21T12:00:00Z';
  return { kind, deploymentId, workflowId: 'w', runId: 'r', version, requestedBy: 'alice', enqueuedAt };
}

const busy: EnvironmentReport = {
  place,
  status: {
    ...place,
    ...newEnvironment('incarnation'),
    committed: release('1.0.0'),
    releases: [release('1.0.0'), release('0.9.0'), release('0.8.0')],
    quarantine: {
      reason: 'web2 differs',
      since: '2026-11-21T11:00:00Z',
      deploymentId: 'zero',
      lost: ['web2'],
    },
    evicted: {
      web3: {
        host: { name: 'web3', address: '127.0.0.3', port: 22 },
        by: 'bob',
        reason: 'disk broken',
        at: '2026-11-20T09:00:00Z',
        withdrawn: false,
      },
    },
    holder: {
      ...queued('first', '2.0.0'),
      grantedAt: '2026-11-21T12:00:05Z',
      epoch: 3,
      began: null,
      decided: false,
    },
    queue: [queued('urgent', '0.9.0', 'rollback'), queued('second', '2.1.0')],
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
  waiting: [
    {
      workflowId: 'w',
      kind: 'deployment',
      deploymentId: 'third',
      version: '3.0.0',
      phase: 'awaiting-approval',
    },
  ],
  progress: progress({ steps: [step()] }),
};

test('an environment that never had a run says so', () => {
  expect(environmentPage(never, canvas)).toBe('shop/dev: nothing was ever deployed here.');
});

test('what serves, who holds it, who waits, what happened', () => {
  const page = environmentPage(busy, canvas);
  for (const part of [
    'shop/dev serves 1.0.0 (10034567)',
    'a rollback can go to 0.9.0 (09034567), 0.8.0 (08034567)',
    'quarantined: web2 differs',
    'held by 2.0.0 — first, asked by alice, for 5.0 s',
    '  1. rollback to 0.9.0 — urgent, asked by alice',
    '  2. 2.1.0 — second, asked by alice, waiting for 10.0 s',
    'awaiting approval: 3.0.0 — third (safeguard approve dev --id third --comment …)',
    '▶ activate backend',
    '2026-11-20 10:00:00Z  1.0.0    SUCCEEDED  zero',
  ])
    expect(page).toContain(part);
});

test('a quarantine names the lost hosts, and every way out as a command to copy', () => {
  const page = environmentPage(busy, canvas);
  for (const part of [
    '  since 2026-11-21 11:00:00Z, by zero; no new release is let in',
    '  lost: web2 — tried again by itself as soon as it answers',
    "    safeguard converge dev --reason '…' --follow ",
    "    safeguard rollback dev --to 0.9.0 --reason '…' --follow  # bring every host to 0.9.0 (09034567)",
    "    safeguard host evict dev web2 --reason '…' ",
    "    safeguard resolve dev --reason '…' ",
  ])
    expect(page).toContain(part);
  expect(page).not.toContain('host evict dev web3');
});

test('an evicted host: who, when, why, whether it was seen out of traffic, and how it comes back', () => {
  const page = environmentPage(busy, canvas);
  for (const part of [
    'evicted: web3 — by bob at 2026-11-20 09:00:00Z: disk broken',
    '  not seen out of traffic yet; it is taken out as soon as it answers',
    "  back in: safeguard host rejoin dev web3 --reason '…' --follow",
  ])
    expect(page).toContain(part);
});

test('all environments at a glance', () => {
  const text = overview([never, busy], canvas);
  expect(text).toMatch(/dev +never deployed/);
  expect(text).toMatch(
    /dev +1\.0\.0 \(10034567\) +2\.0\.0 deploying +2 +quarantined, 1 evicted, 1 awaiting approval/,
  );
});
