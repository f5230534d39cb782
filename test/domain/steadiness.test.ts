import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CheckResult } from '../../src/domain/check.js';
import { judgeUnit, steadied } from '../../src/domain/steadiness.js';

const LOOP = { maxRestarts: 2, withinSeconds: 300 };

describe('a unit', () => {
  test.each([
    ['runs', { activeState: 'active', restarts: 0, activeForSeconds: 1 }, 'pass'],
    ['was restarted twice just now', { activeState: 'active', restarts: 2, activeForSeconds: 1 }, 'pass'],
    ['is in a loop of crashes', { activeState: 'active', restarts: 3, activeForSeconds: 299 }, 'fail'],
    ['was in one, and is no more', { activeState: 'active', restarts: 3, activeForSeconds: 300 }, 'pass'],
    ['is down', { activeState: 'failed', restarts: 0, activeForSeconds: 1000 }, 'fail'],
    ['is about to be restarted', { activeState: 'activating', restarts: 1, activeForSeconds: 9 }, 'fail'],
  ])('that %s', (_what, unit, verdict) => expect(judgeUnit(LOOP, unit).verdict).toBe(verdict));

  test('of a release of an earlier version counts restarts of any time', () => {
    const unit = { activeState: 'active', restarts: 3, activeForSeconds: 86_400 };
    expect(judgeUnit({ maxRestarts: 2 }, unit)).toEqual({
      verdict: 'fail',
      evidence: 'active, 3 restarts, up for 86400 s',
    });
  });

  test('passes if and only if it is active, and was restarted seldom or long ago', () => {
    const units = fc.record({
      activeState: fc.constantFrom('active', 'activating', 'failed', 'inactive'),
      restarts: fc.nat(6),
      activeForSeconds: fc.nat(600),
    });
    fc.assert(
      fc.property(units, (unit) => {
        const isWell = unit.activeState === 'active' && (unit.restarts <= 2 || unit.activeForSeconds >= 300);
        return (judgeUnit(LOOP, unit).verdict === 'pass') === isWell;
      }),
    );
  });
});

function result(name: string, verdict: CheckResult['verdict'], evidence: string = verdict): CheckResult {
  const rest = {
    category: 'backend',
    severity: 'critical',
    target: 'web-1',
    attempts: 1,
    durationMs: 1,
  } as const;
  return { name, verdict, evidence, ...rest };
}

describe('after everything passed', () => {
  test('what falls has failed, with what was seen first', () => {
    const first = [result('a', 'pass'), result('b', 'pass')];
    const rounds = [
      { afterMs: 5000, results: [result('a', 'pass'), result('b', 'unknown', 'refused')] },
      { afterMs: 10_000, results: [result('a', 'pass'), result('b', 'fail', '502')] },
    ];
    expect(steadied(first, rounds)).toEqual([
      first[0],
      result('b', 'unknown', 'passed, and 5 s later: refused'),
    ]);
  });

  test('nothing that failed once passes, and nothing else changes', () => {
    const verdict = fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const);
    const names = ['a', 'b', 'c', 'd'];
    const looks = fc.tuple(verdict, verdict, verdict, verdict);
    fc.assert(
      fc.property(looks, fc.array(looks, { maxLength: 5 }), (began, later) => {
        const of = (verdicts: readonly CheckResult['verdict'][]): CheckResult[] =>
          names.map((name, index) => result(name, verdicts[index] ?? 'pass'));
        const rounds = later.map((verdicts, index) => ({ afterMs: index * 1000, results: of(verdicts) }));
        const found = steadied(of(began), rounds);
        return names.every((name, index) => {
          const all = [began[index], ...later.map((verdicts) => verdicts[index])];
          const isWell = all.every((one) => one === 'pass');
          const is = found[index];
          return is?.name === name && (is.verdict === 'pass') === isWell;
        });
      }),
    );
  });
});
