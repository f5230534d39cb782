import { expect, test } from '@jest/globals';
import { LineWatcher } from '../../../src/client/view/watchers.js';
import { Chalk } from 'chalk';
import { progressTable } from '../../../src/client/view/progress-table.js';
import { progressLines } from '../../../src/client/view/progress-lines.js';
import { progress, step } from './progress.js';

const running = progress({ steps: [step()] });

test('nothing changed: no line', () => {
  expect(progressLines(running, running)).toEqual([]);
});

test('a look at a run that goes on already tells all there is', () => {
  const now = progress({ planHash: 'abc', message: 'Off we go.', steps: [step()] });
  expect(progressLines(null, now)).toEqual([
    'plan abc: 1.0.0 → 2.0.0',
    '— deploying',
    'Off we go.',
    '▶ activate backend (web1, web2)',
  ]);
});

test('one line for each host and step that changes', () => {
  const half = progress({ steps: [step({ hosts: { web1: 'done', web2: 'running' } })] });
  expect(progressLines(running, half)).toEqual(['  ✓ activate backend on web1']);
  const failed = step({
    state: 'failed',
    endedAt: '2026-11-21T12:00:03.250Z',
    hosts: { web1: 'done', web2: 'failed' },
    detail: 'disk full',
  });
  const back = progress({ phase: 'rolling-back', steps: [failed] });
  expect(progressLines(half, back)).toEqual([
    '  ✗ activate backend on web2',
    '✗ activate backend  3.3 s: disk full',
    '— rolling-back',
  ]);
});

test('what a step that goes on says of itself is told once', () => {
  const tried = progress({ steps: [step({ detail: 'web1, try 1 of 3 failed' })] });
  expect(progressLines(running, tried)).toEqual(['  ▶ activate backend: web1, try 1 of 3 failed']);
  expect(progressLines(tried, tried)).toEqual([]);
});

test('a run that waits for approval says what to type, once a round', () => {
  const asking = (round: number) =>
    progress({ approval: { round, signatures: 'optional', commands: ['safeguard approve dev'] } });
  const said = ['To approve it:', '  safeguard approve dev'];
  expect(progressLines(progress(), asking(1))).toEqual(said);
  expect(progressLines(asking(1), asking(1))).toEqual([]);
  expect(progressLines(asking(1), asking(2))).toEqual(said);
  expect(progressLines(asking(2), progress())).toEqual([]);
  expect(progressTable(asking(1), { colour: new Chalk({ level: 0 }), width: 80, now: 0 })).toContain(
    said.join('\n'),
  );
});

test('a step that began and ended between two looks has both lines', () => {
  const quick = step({ title: 'plan', state: 'done', hosts: {}, endedAt: '2026-11-21T12:00:00.100Z' });
  expect(progressLines(progress(), progress({ steps: [quick] }))).toEqual(['▶ plan', '✓ plan  0.1 s']);
});

test('what hosts say can not command the terminal', () => {
  const evil = step({ state: 'failed', hosts: {}, detail: '\u001b[2J\u202egone\r\nForged line' });
  const [, line] = progressLines(progress(), progress({ steps: [evil] }));
  expect(line).toMatch(/\[2J gone Forged line$/);
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('an absence is told once, and its end', () => {
  const lines: string[] = [];
  const watcher = new LineWatcher(
    (line) => lines.push(line),
    () => new Date('2026-11-21T12:00:00Z'),
  );
  watcher.trouble(null);
  watcher.trouble('It is away.');
  watcher.trouble('It is away.');
  watcher.trouble(null);
  expect(lines).toEqual(['12:00:00Z ! It is away.', '12:00:00Z ! It answers again.']);
});
