import { expect, test } from '@jest/globals';
import { readEnd } from '../../chaos/mutations/hunt.js';

test('the last line counts, and violations become sentences', () => {
  const found = [{ invariant: 'I1', host: 'web-1', what: 'serves 2.0.0', evidence: '…' }];
  const line = JSON.stringify({ runs: 7, violations: 1, unresolved: 0, worst_rest_s: 31.5, found });
  expect(readEnd(`run 7 …\n${line}\n`)).toEqual({
    runs: 7,
    violations: 1,
    unresolved: 0,
    found: ['I1 web-1 serves 2.0.0'],
  });
});

test('violations that are not listed are still counted', () => {
  const line = '{"runs":100,"violations":0,"unresolved":2,"worst_rest_s":12}';
  expect(readEnd(line)).toEqual({ runs: 100, violations: 0, unresolved: 2, found: [] });
});

test.each([
  ['nothing', '', /without its line of JSON/],
  ['words', 'Usage: …', /without its line of JSON, but with: Usage/],
  ['another thing', '{"runs":3}', /did not say runs, violations and unresolved/],
  ['nothing at all', 'null', /did not say/],
])('%s is no end, and so no finding', (_, stdout, complaint) => {
  expect(() => readEnd(stdout)).toThrow(complaint);
});
