import { expect, test } from '@jest/globals';
import { renderProgress } from '../../src/domain/progress-markdown.js';
import type { Progress, StepProgress, StepState } from '../../src/domain/progress.js';

function step(title: string, hosts: Record<string, StepState>, detail = ''): StepProgress {
  return {
    title,
    state: detail === '' ? 'done' : 'failed',
    startedAt: '2026-11-21T11:45:12.000Z',
    endedAt: '2026-11-21T11:45:13.500Z',
    hosts,
    detail,
  };
}

function rendered(change: Partial<Progress>): string[] {
  const progress: Progress = {
    deploymentId: 'id',
    environment: 'test',
    version: '2.0.0',
    from: null,
    phase: 'deploying',
    planHash: null,
    outcome: null,
    message: '',
    steps: [],
    ...change,
  };
  return renderProgress(progress).split('\n');
}

test('a run has a line for each step and a column for each host, and says below what failed', () => {
  const steps = [
    step('plan', {}),
    step('stage', { 'web-1': 'done', 'web-2': 'failed' }, 'No room on web-2'),
    { ...step('backend', { 'web-1': 'running' }), state: 'running' as const, endedAt: null },
  ];
  expect(rendered({ from: '1.0.0', planHash: 'abc', message: 'So it goes.', steps })).toEqual([
    '**test: 1.0.0 → 2.0.0** — deploying',
    '',
    'So it goes.',
    '',
    'Plan `abc`',
    '',
    '| step | web-1 | web-2 | took |',
    '|:--|:-:|:-:|--:|',
    '| ✓ plan |  |  | 1.5 s |',
    '| ✗ stage | ✓ | ✗ | 1.5 s |',
    '| ▶ backend | ▶ |  |  |',
    '',
    '- ✗ stage: No room on web-2',
  ]);
});

test('many hosts are counted, and those that failed named', () => {
  const hosts = Object.fromEntries(
    Array.from({ length: 9 }, (_, index): [string, StepState] => [
      `web-${index}`,
      index === 7 ? 'failed' : 'done',
    ]),
  );
  expect(rendered({ steps: [step('plan', {}), step('stage', hosts)] }).slice(-4)).toEqual([
    '| step | hosts | took |',
    '|:--|:-:|--:|',
    '| ✓ plan |  | 1.5 s |',
    '| ✓ stage | 8/9 ✗ web-7 | 1.5 s |',
  ]);
});

test('what others say stays text: one line, no column, tag, link or image', () => {
  const said = `a | b\n| c --to <img src=x> ![y](http://z) ${'d'.repeat(1000)}`;
  const lines = rendered({ message: said, steps: [step('st|age', {}, said)] });
  const plain = 'a \\| b \\| c \\--to \\<img src=x> !\\[y](http://z) d';
  expect(lines[2]?.startsWith(plain)).toBe(true);
  expect(lines.at(-3)).toBe('| ✗ st\\|age | 1.5 s |');
  expect(lines.at(-1)?.startsWith(`- ✗ st\\|age: ${plain}`)).toBe(true);
  expect(lines.at(-1)).toMatch(/d…$/);
  expect(lines.at(-1)?.length).toBeLessThan(340);
});

test.each<['optional' | 'required', string[]]>([
  [
    'optional',
    ['- here: _Send a Signal_ named `approve`, with `{"by": "NAME", "comment": "WHY", "planHash": "abc"}`'],
  ],
  ['required', []],
])('where signatures are %s, a plan that waits says how to approve it', (signatures, here) => {
  const lines = rendered({
    planHash: 'abc',
    approval: { round: 1, signatures, commands: ['safeguard approve'] },
  });
  expect(lines.slice(4)).toEqual(['To approve it:', '', ...here, '- `safeguard approve`']);
});
