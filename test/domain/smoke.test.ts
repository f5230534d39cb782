import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isOfLevel,
  isWell,
  judgeAnswer,
  judgeCertificate,
  judgeCors,
  judgeSame,
  mismatches,
  SMOKE_LEVELS,
  type Answer,
  type Expectation,
  type SmokeResult,
} from '../../src/domain/smoke.js';

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
/** Hides nothing. */
const same = (text: string): string => text;
const level = fc.constantFrom(...SMOKE_LEVELS);

describe('a value', () => {
  test('equals itself and nothing of another type or text', () => {
    fc.assert(
      fc.property(scalar, scalar, (one, other) => {
        expect(mismatches(one, { equals: one }, same)).toEqual([]);
        expect(mismatches(one, { equals: other }, same).length === 0).toBe(
          Object.is(one, other) || one === other,
        );
      }),
    );
  });

  test('contains each of its parts', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, part, after) => {
        expect(mismatches(`${before}${part}${after}`, { contains: part }, same)).toEqual([]);
      }),
    );
  });

  test('lies between bounds exactly when it does', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), fc.boolean(), (value, min, max, asText) => {
        const wrong = mismatches(asText ? String(value) : value, { min, max }, same);
        expect(wrong.length === 0).toBe(min <= value && value <= max);
      }),
    );
  });

  test('that is no number is within no bounds', () => {
    for (const value of [undefined, null, 'x', '', ' ', true, {}, []])
      expect(mismatches(value, { min: 0 }, same)).toEqual(['less than 0']);
  });
});

const OK: Answer = { status: 200, headers: {}, body: '{"a":1}', ms: 5 };
const ANY: Expectation = { status: [200], headers: {}, json: {} };

test('an answer passes exactly when nothing is wrong with it, and everything wrong is told', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(200, 204, 301, 404, 500),
      fc.integer({ min: 0, max: 100 }),
      fc.boolean(),
      (status, ms, hasValue) => {
        const expectation: Expectation = { ...ANY, json: { '/a': { equals: 1 } }, withinMs: 50 };
        const { verdict, evidence } = judgeAnswer(
          expectation,
          {
            ...OK,
            status,
            ms,
            body: hasValue ? OK.body : '{}',
          },
          same,
        );
        const wrong = [status !== 200, !hasValue, ms > 50];
        expect(verdict).toBe(wrong.includes(true) ? 'fail' : 'pass');
        if (verdict === 'fail') expect(evidence.split('; ')).toHaveLength(wrong.filter(Boolean).length);
      },
    ),
  );
});

test('what is asked at a level is asked at every one above', () => {
  fc.assert(
    fc.property(level, level, level, (of, lower, higher) => {
      const isHigher = SMOKE_LEVELS.indexOf(higher) >= SMOKE_LEVELS.indexOf(lower);
      if (isOfLevel(of, lower) && isHigher) expect(isOfLevel(of, higher)).toBe(true);
      expect(isOfLevel('essential', of)).toBe(true);
    }),
  );
});

test('an application is well exactly when every critical test passed', () => {
  const result = fc.record({
    severity: fc.constantFrom('critical', 'warning', 'info'),
    verdict: fc.constantFrom('pass', 'fail', 'unknown'),
  });
  fc.assert(
    fc.property(fc.array(result), (results) => {
      const bad = results.some(({ severity, verdict }) => severity === 'critical' && verdict !== 'pass');
      expect(isWell(results as SmokeResult[])).toBe(!bad);
    }),
  );
});

test('a certificate passes exactly with as many days left as are asked for', () => {
  const now = new Date('2026-11-28T12:00:00Z');
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 50 }), (left, asked) => {
      const validTo = new Date(now.getTime() + left * 86_400_000);
      const { verdict } = judgeCertificate(asked, { objection: null, validTo, protocol: 'TLSv1.3' }, now);
      expect(verdict).toBe(left >= asked ? 'pass' : 'fail');
    }),
  );
});

test('a page of any origin may read what is open to all', () => {
  const open: Answer = { ...OK, headers: { 'access-control-allow-origin': '*' } };
  expect(judgeCors('https://a.test', true, open, same).verdict).toBe('pass');
  expect(judgeCors('https://a.test', false, open, same).verdict).toBe('fail');
});

test('values are the same only where there are any', () => {
  const at = (value: string | null) => ({ url: '/', value });
  expect(judgeSame([at('1'), at('1'), at('1')], same).verdict).toBe('pass');
  expect(judgeSame([at('1'), at('2')], same).verdict).toBe('fail');
  expect(judgeSame([at(null), at(null)], same).verdict).toBe('fail');
  expect(judgeSame([], same).verdict).toBe('fail');
});
