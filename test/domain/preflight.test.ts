import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  countPreflight,
  isLookedAt,
  isObjection,
  PREFLIGHT,
  PREFLIGHT_LEVELS,
  preflightReport,
  refusalOf,
  severityOf,
  withoutPassed,
  type PreflightName,
  type PreflightResult,
} from '../../src/domain/preflight.js';
import { clockOff, roomFor, tokenLeft } from '../../src/domain/preflight-limits.js';
import { judgeRunner } from '../../src/domain/runner-health.js';

const NAMES = Object.keys(PREFLIGHT) as PreflightName[];
const name = fc.constantFrom(...NAMES);
const level = fc.constantFrom(...PREFLIGHT_LEVELS);
const result = fc.record({
  name,
  target: fc.string(),
  severity: fc.constantFrom('critical' as const, 'warning' as const),
  verdict: fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const),
  found: fc.string(),
  limit: fc.constant(null),
  advice: fc.constant(null),
  runbook: fc.constant(null),
  code: fc.constantFrom(null, 'SECRET_MISSING' as const, 'HOST_UNREACHABLE' as const),
  details: fc.constant([]),
  durationMs: fc.nat(),
});
const OF = { environment: 'prod', version: '1.0.0', level: 'strict', durationMs: 1 } as const;
const report = fc.array(result).map((results) => preflightReport(OF, results));

test('a stricter level looks at all that a laxer one does, and lets nothing in that it objects to', () => {
  const rank = (one: (typeof PREFLIGHT_LEVELS)[number]): number => PREFLIGHT_LEVELS.indexOf(one);
  fc.assert(
    fc.property(name, level, level, (one, a, b) => {
      const [lax, strict] = rank(a) <= rank(b) ? [a, b] : [b, a];
      expect(isLookedAt(one, lax) && !isLookedAt(one, strict)).toBe(false);
      expect(severityOf(one, lax) === 'critical' && severityOf(one, strict) !== 'critical').toBe(false);
    }),
  );
});

test('it passes exactly when nothing critical said anything but yes, and refuses with a reason exactly when not', () => {
  fc.assert(
    fc.property(report, (found) => {
      const isBad = found.results.some(
        ({ severity, verdict }) => severity === 'critical' && verdict !== 'pass',
      );
      expect(found.passed).toBe(!isBad);
      expect(refusalOf(found) !== null).toBe(isBad);
    }),
  );
});

test('what a run carries along refuses as the whole does, and counts the same', () => {
  fc.assert(
    fc.property(report, (found) => {
      const short = withoutPassed(found);
      expect(short.results.some(({ verdict }) => verdict === 'pass')).toBe(false);
      expect(refusalOf(short)).toEqual(refusalOf(found));
      expect(countPreflight(short)).toBe(countPreflight(found));
    }),
  );
});

test('results come in the order of the table, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(result), (results) => {
      const found = preflightReport(OF, results).results;
      const places = found.map((one) => NAMES.indexOf(one.name));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(new Set(found)).toEqual(new Set(results));
    }),
  );
});

const BASE: PreflightResult = {
  name: 'disk',
  target: 'web-1',
  severity: 'critical',
  verdict: 'fail',
  found: '/ is 97 % full',
  limit: null,
  advice: null,
  runbook: null,
  code: null,
  details: [],
  durationMs: 1,
};

test('one cause is told in its own words, several with how many there are', () => {
  const secret = { ...BASE, name: 'secret', code: 'SECRET_MISSING', found: 'It is not there.' } as const;
  expect(refusalOf(preflightReport(OF, [secret]))).toEqual({ code: 'SECRET_MISSING', message: secret.found });
  const two = refusalOf(preflightReport(OF, [BASE, secret]));
  expect(two).toEqual({
    code: 'SECRET_MISSING',
    message: '2 of 2 looks object: secret (web-1): It is not there. disk (web-1): / is 97 % full',
  });
  const five = refusalOf(preflightReport(OF, [BASE, BASE, BASE, BASE, BASE]));
  expect(five?.code).toBe('PREFLIGHT_FAILED');
  expect(five?.message).toMatch(/^5 of 5 .* And 2 more\.$/);
  expect(isObjection({ ...BASE, severity: 'warning' })).toBe(false);
});

const NOON = Date.parse('2026-11-28T12:00:00Z');
const at = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();

test.each([
  ['the same', 0, 'pass', 'goes with the runner’s'],
  ['the second before', -1, 'pass', '0.0 s behind'],
  ['as far as may be', 5, 'pass', '4.9 s ahead'],
  ['ahead', 61, 'fail', '60.9 s ahead'],
  ['behind', -61, 'fail', '60.0 s behind'],
])('a clock that is %s', (_, seconds, verdict, found) => {
  const seen = clockOff({ time: at(seconds), from: NOON, to: NOON + 100 }, 5);
  expect([seen.verdict, seen.found]).toEqual([verdict, found]);
});

test('a clock is never said to be further off than it can be', () => {
  fc.assert(
    fc.property(fc.integer({ min: -600, max: 600 }), fc.nat(5_000), fc.nat(5_000), (off, going, coming) => {
      const host = NOON + going + off * 1000;
      const time = new Date(Math.floor(host / 1000) * 1000).toISOString();
      const { verdict } = clockOff({ time, from: NOON, to: NOON + going + coming }, 5);
      if (Math.abs(off) <= 5) expect(verdict).toBe('pass');
      if (Math.abs(off) > 5 + 1 + 5) expect(verdict).toBe('fail');
    }),
  );
});

test('room is asked for the archives and what they unpack to', () => {
  const mib = 1024 * 1024;
  expect(roomFor(30 * mib, 183 * mib).verdict).toBe('fail');
  expect(roomFor(30 * mib, 184 * mib)).toMatchObject({ verdict: 'pass', limit: '184 MiB' });
});

test.each([
  ['in 13 days', '2026-12-12T11:59:59Z', 'fail', 'valid for 13 more days, until 2026-12-12T11:59:59.000Z'],
  ['in 14 days', '2026-12-12T12:00:00Z', 'pass', 'valid for 14 more days, until 2026-12-12T12:00:00.000Z'],
])('a token that expires %s', (_, expires, verdict, found) => {
  const seen = tokenLeft(new Date(expires), NOON);
  expect([seen.verdict, seen.found]).toEqual([verdict, found]);
  expect(seen.warns ?? false).toBe(verdict === 'fail');
});

test.each([
  ['well', { status: 1, cpu: 89.4, memory: 10 }, 'pass', 'status 1, processor 89 %, memory 10 %, says x'],
  ['busy', { status: 1, cpu: 90, memory: 10 }, 'fail', 'status 1, processor 90 %, memory 10 %, says x'],
  ['full', { cpu: 1, memory: 95 }, 'fail', 'processor 1 %, memory 95 %, says x'],
  ['down', { status: 0, cpu: 1, memory: 1 }, 'fail', 'status 0, processor 1 %, memory 1 %, says x'],
  ['silent', {}, 'unknown', 'x says nothing of the runner'],
])('a runner that is %s', (_, numbers, verdict, found) => {
  expect(judgeRunner(numbers, 'x')).toMatchObject({ verdict, found });
});
