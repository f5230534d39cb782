import { expect, test } from '@jest/globals';
import { readEnd, sentencesOf } from '../../chaos/mutations/hunt.js';
import { judged } from '../../chaos/mutations/main.js';

test('the last line counts', () => {
  const line = JSON.stringify({ runs: 7, violations: 1, unresolved: 0, worst_rest_s: 31.5 });
  expect(readEnd(`run 7 …\n${line}\n`)).toEqual({ runs: 7, violations: 1, unresolved: 0 });
});

test('what was found is told in sentences, a run that never came to rest among it', () => {
  const violation = { invariant: 'I1', host: 'web-1', what: 'serves 2.0.0', evidence: '…' };
  const lines = [
    { draw: { run: 1, scenario: 'good' }, violations: [], unrest: null },
    { draw: { run: 2, scenario: 'abort' }, violations: [violation], unrest: 'a run goes on' },
  ];
  expect(sentencesOf(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))).toEqual([
    'run 2 (abort): I1 web-1: serves 2.0.0',
    'run 2 (abort): no rest: a run goes on',
  ]);
});

test.each([
  ['nothing', '', /without its line of JSON/],
  ['words', 'Usage: …', /without its line of JSON, but with: Usage/],
  ['another thing', '{"runs":3}', /did not say runs, violations and unresolved/],
  ['nothing at all', 'null', /did not say/],
])('%s is no end, and so no finding', (_, stdout, complaint) => {
  expect(() => readEnd(stdout)).toThrow(complaint);
});

test('a hunt that found nothing has missed something only when it was carried out', () => {
  const end = { runs: 3, violations: 0, unresolved: 0, found: [] };
  expect(judged('gravity', 3, end)).toMatchObject({ verdict: 'missed', runs: 3 });
  expect(judged('gravity', 100, end)).toMatchObject({
    verdict: 'error',
    found: ['only 3 of 100 runs were carried out'],
  });
  const found = ['run 2 (good): I1 web-1: …'];
  expect(judged('gravity', 100, { ...end, violations: 1, found })).toMatchObject({ verdict: 'found', found });
});
