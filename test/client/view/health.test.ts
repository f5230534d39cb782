import { expect, test } from '@jest/globals';
import { Chalk } from 'chalk';
import { describeHealth, HealthHistory, healthLine } from '../../../src/client/view/health.js';
import type { CheckResult, HealthLook } from '../../../src/domain/check.js';

const sheet = { colour: new Chalk({ level: 0 }), width: 120 };

function result(over: Partial<CheckResult>): CheckResult {
  return {
    name: 'backend is UP',
    category: 'backend',
    severity: 'critical',
    target: 'web-1',
    verdict: 'pass',
    attempts: 1,
    durationMs: 10,
    evidence: '200 in 10 ms',
    ...over,
  };
}

function look(results: readonly CheckResult[], over: Partial<HealthLook> = {}): HealthLook {
  const healthy = results.every(({ verdict, severity }) => verdict === 'pass' || severity !== 'critical');
  const rest = {
    environment: 'production',
    committed: '2.0.0 (200abcde)',
    durationMs: 420,
    evicted: [],
    holder: null,
  };
  return { ...rest, healthy, results, ...over };
}

test('a check of many hosts is one line, whose worst host decides', () => {
  const page = describeHealth(
    look([
      result({}),
      result({ target: 'web-2', durationMs: 40 }),
      result({ name: 'disk', category: 'system' }),
      result({ name: 'disk', category: 'system', target: 'web-2', verdict: 'unknown', evidence: 'no route' }),
      result({
        name: 'load',
        category: 'system',
        severity: 'warning',
        verdict: 'fail',
        evidence: '3.00 per core',
      }),
    ]),
    sheet,
  );
  expect(page).toMatch(/✓ +backend +backend is UP +2 of 2 +10–40 ms/);
  expect(page).toMatch(/\? +system +disk +1 of 2 +10 ms/);
  expect(page).toMatch(/✗ +system +load +0 of 1 +10 ms/);
  expect(page).toContain(
    'web-2: critical: disk: could not be carried out: no route\nweb-1: warning: load: 3.00 per core',
  );
  expect(page).toMatch(/production is not healthy with 2.0.0 \(200abcde\): 3 of 5 passed, in 0.4 s.$/);
});

test('what only warns is healthy; who is left out, and who is at work, is said', () => {
  const found = look([result({ severity: 'warning', verdict: 'fail' })], {
    evicted: ['web-3'],
    holder: 'run-1',
  });
  const page = describeHealth(found, sheet);
  expect(page).toContain(
    'Not asked, because evicted: web-3\nrun-1 is changing it just now.\nproduction is healthy',
  );
  expect(healthLine(found)).toBe('production is healthy with 2.0.0 (200abcde): 0 of 1 passed, in 0.4 s.');
});

test('the history has a bar for each look, and forgets the oldest', () => {
  const history = new HealthHistory();
  for (const durationMs of [80, 10]) history.add(look([result({ durationMs })]));
  history.add(look([result({ verdict: 'fail' })]));
  expect(history.bars('backend is UP')).toBe('█▂✗');
  for (let index = 0; index < 30; index += 1) history.add(look([result({})]));
  expect(history.bars('backend is UP')).toBe('█'.repeat(20));
  expect(describeHealth(look([result({})]), sheet, history)).toMatch(/slowest, look by look[\s\S]*█{20}/);
  expect(history.bars('never asked')).toBe('');
});

test('nothing that a host said reaches the terminal', () => {
  const page = describeHealth(look([result({ verdict: 'fail', evidence: 'a\u001b[2Jb\nc' })]), sheet);
  expect(page).toContain('a [2Jb c');
});
