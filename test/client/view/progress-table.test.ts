import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import { progressTable } from '../../../src/client/view/progress-table.js';
import { progress, step } from './progress.js';

const now = Date.parse('2026-11-21T12:01:05Z');
const plain = { colour: new Chalk({ level: 0 }), width: 100, now };

function table(...given: Parameters<typeof progressTable>): string[] {
  return progressTable(...given)
    .split('\n')
    .map((line) => line.trimEnd());
}

test('steps by hosts, with marks and running clocks', () => {
  const validate = step({ title: 'validate', state: 'done', hosts: {}, endedAt: '2026-11-21T12:00:01.500Z' });
  const activate = step({ hosts: { web1: 'done', web2: 'running' } });
  expect(table(progress({ steps: [validate, activate] }), plain)).toEqual([
    'dev: 1.0.0 → 2.0.0  deploying',
    '',
    'step                web1  web2  took',
    '✓ validate                      1.5 s',
    '▶ activate backend  ✓     ▶     1 min 5 s',
  ]);
});

test('many hosts become a count, and those that failed are named', () => {
  const names = Array.from({ length: 40 }, (_, index) => `host-${index}`);
  const hosts = Object.fromEntries(
    names.map((name, index) => [name, index === 7 ? 'failed' : 'done'] as const),
  );
  const text = table(progress({ steps: [step({ hosts })] }), plain).join('\n');
  expect(text).toContain('39/40 ✗ host-7');
});

test('a failure is told in full below the table', () => {
  const failed = step({ state: 'failed', detail: 'NOT_READY: no answer', endedAt: '2026-11-21T12:00:09Z' });
  const text = table(progress({ steps: [failed], message: 'Taking it back.' }), plain);
  expect(text).toContain('Taking it back.');
  expect(text.at(-1)).toBe('✗ activate backend: NOT_READY: no answer');
});

test('colours only where they are wanted', () => {
  const run = progress({ steps: [step()] });
  expect(progressTable(run, plain)).not.toContain('\u001b');
  expect(progressTable(run, { ...plain, colour: new Chalk({ level: 1 }) })).toContain('\u001b[36m');
});
