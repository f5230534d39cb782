import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { holdLeases } from '../../src/activities/leases.js';

const token = { incarnation: 'i', epoch: 1, run: 'r', step: 1, try: 1, attempt: 1 };
const call = {
  application: 'campus',
  environment: 'test',
  hosts: [{ name: 'web-1', address: '192.0.2.11', port: 22 }],
  token,
};

/** Milliseconds until the first renewal, of leases that began so many seconds ago. */
async function untilRenewed(ageSeconds: number, leaseSeconds: number): Promise<number> {
  const activity = new MockActivityEnvironment({ scheduledTimestampMs: Date.now() - ageSeconds * 1000 });
  const began = performance.now();
  let renewed = NaN;
  const change = (): Promise<unknown> => {
    renewed = performance.now() - began;
    activity.cancel();
    return Promise.resolve({ changed: true });
  };
  const environment = { name: 'test', ssh: { user: 'deploy', key: 'key', knownHosts: 'known_hosts' } };
  const dependencies = {
    config: { application: 'campus', environments: new Map([['test', environment]]) },
    program: { change },
  } as unknown as Dependencies;
  await activity.run(() => holdLeases(dependencies, { ...call, leaseSeconds })).catch(() => undefined);
  return renewed;
}

test('leases that begin just now are renewed when that is due', async () => {
  expect(await untilRenewed(0, 1.2)).toBeGreaterThan(150);
});

test('leases that should have been renewed before are renewed at once', async () => {
  expect(await untilRenewed(101, 600)).toBeLessThan(60_000);
});

test('a clock that is behind the server’s puts no renewal off any further', async () => {
  expect(await untilRenewed(-3600, 1.2)).toBeLessThan(10_000);
});
