import { expect, test } from '@jest/globals';
import { newEnvironment, type EnvironmentState, type Holder } from '../../src/domain/environment-state.js';
import { describeRun, renderEnvironment } from '../../src/domain/environment-view.js';
import type { Release } from '../../src/domain/release.js';
import { waysOut } from '../../src/domain/ways-out.js';

function release(version: string): Release {
  const digest = `${version.replaceAll('.', '')}3456789abcdef`;
  return { version, digest, gitSha: null, components: [], schema: null, checks: [] };
}

const web3 = { name: 'web3', address: '127.0.0.3', port: 22 };

const holder: Holder = {
  kind: 'converge',
  deploymentId: 'repair-1',
  workflowId: 'w',
  runId: 'r',
  version: '',
  requestedBy: 'safeguard',
  enqueuedAt: '2026-11-21T12:00:00Z',
  grantedAt: '2026-11-21T12:00:01Z',
  epoch: 4,
  began: null,
  decided: false,
};

const quarantined: EnvironmentState = {
  ...newEnvironment('incarnation'),
  committed: release('2.0.0'),
  releases: [release('2.0.0'), release('1.0.0')],
  quarantine: {
    reason: 'web2 | web3 differ',
    since: '2026-11-21T12:00:00Z',
    deploymentId: 'zero',
    lost: ['web2', 'web3'],
  },
  evicted: {
    web3: { host: web3, by: 'bob', reason: 'disk\nbroken', at: '2026-11-21T12:30:00Z', withdrawn: true },
  },
  holder,
};

test('in order: nothing is said of quarantine and evictions', () => {
  const page = renderEnvironment('prod', { ...newEnvironment('incarnation'), committed: release('2.0.0') });
  expect(page).toBe('**prod** serves 2.0.0 (20034567)\n\nHeld by nobody; 0 waiting');
});

test('quarantine: why, since when, who is lost, and the commands', () => {
  const page = renderEnvironment('prod', quarantined);
  for (const line of [
    '**Quarantined** since 2026-11-21T12:00:00Z: web2 \\| web3 differ',
    'Lost, and tried again when they answer: **web2, web3**',
    "- `safeguard converge prod --reason '…' --follow` — bring every host to 2.0.0 (20034567) now",
    "- `safeguard rollback prod --to 1.0.0 --reason '…' --follow` — bring every host to 1.0.0 (10034567)",
    "- `safeguard host evict prod web2 --reason '…'` — go on without web2",
    "| web3 | bob | 2026-11-21T12:30:00Z | disk broken | yes | `safeguard host rejoin prod web3 --reason '…' --follow` |",
    'Held by repair-1 (converge) since 2026-11-21T12:00:01Z; 0 waiting',
  ])
    expect(page.split('\n')).toContain(line);
});

test('the ways out fit the state: nothing to go back to, a host that is evicted already', () => {
  const ways = waysOut('prod', { ...quarantined, releases: [release('2.0.0')] }).map(
    ({ command }) => command,
  );
  expect(ways).toEqual([
    "safeguard converge prod --reason '…' --follow",
    "safeguard host evict prod web2 --reason '…'",
    "safeguard resolve prod --reason '…'",
  ]);
});

test.each([
  ['deployment', '2.0.0', '2.0.0'],
  ['rollback', '1.0.0', 'rollback to 1.0.0'],
  ['rollback', '', 'rollback'],
] as const)('a %s of %j is called %j', (kind, version, name) => {
  expect(describeRun({ kind, version })).toBe(name);
});

test('of many that wait only the first are listed, and a holder without progress stands out', () => {
  const queue = Array.from({ length: 500 }, (_, index) => ({ ...holder, deploymentId: `run-${index + 1}` }));
  const stalledSince = '2026-11-21T12:10:00Z';
  const lines = renderEnvironment('production', {
    ...newEnvironment('one'),
    holder: { ...holder, stalledSince },
    queue,
  }).split('\n');
  expect(lines.length).toBeLessThan(20);
  expect(lines).toContain('10. converge — run-10, safeguard');
  expect(lines).toContain('and 490 more');
  expect(lines.join('\n')).toContain(`**No progress since ${stalledSince}**`);
});
