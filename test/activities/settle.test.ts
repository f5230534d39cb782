import { expect, test } from '@jest/globals';
import { settled } from '../../src/activities/settle.js';
import type { CheckResult } from '../../src/domain/check.js';

const said = (verdict: CheckResult['verdict']): CheckResult => ({
  name: 'backend is UP',
  category: 'backend',
  severity: 'critical',
  target: 'web-1',
  verdict,
  attempts: 1,
  durationMs: 1,
  evidence: verdict,
});
const { signal } = new AbortController();

test('what passes and then falls has failed, and is asked no more', async () => {
  const looks = [said('pass'), said('unknown'), said('pass')];
  const times = { stabiliseMs: 60_000, intervalMs: 1 };
  const look = () => Promise.resolve(looks.splice(0, 1));
  const [found] = await settled([said('pass')], times, look, signal);
  expect(found).toMatchObject({ verdict: 'unknown', evidence: 'passed, and 0 s later: unknown' });
  expect(looks).toHaveLength(1);
});

test('what goes on passing has passed, once the time is over', async () => {
  let looks = 0;
  const look = () => {
    looks += 1;
    return Promise.resolve([said('pass')]);
  };
  expect(await settled([said('pass')], { stabiliseMs: 50, intervalMs: 20 }, look, signal)).toEqual([
    said('pass'),
  ]);
  expect(looks).toBeGreaterThan(0);
});

test('is given up at once when the run is', async () => {
  const stop = new AbortController();
  const times = { stabiliseMs: 60_000, intervalMs: 60_000 };
  const underWay = settled([said('pass')], times, () => Promise.resolve([]), stop.signal);
  stop.abort(new Error('the run is cancelled'));
  await expect(underWay).rejects.toThrow();
});
