import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HostAnswer, type HostProgress } from '../../src/adapters/host-answer.js';

const LONGEST = 200;

/** Lines of the protocol, lines that nearly are, JSON of any kind, and whatever else a host may write. */
const line = fc.oneof(
  fc.record({ type: fc.constant('progress'), text: fc.string() }).map((value) => JSON.stringify(value)),
  fc.record({ type: fc.constant('result'), result: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  fc
    .record({ type: fc.constantFrom('error', 'result', 'progress'), code: fc.string(), message: fc.string() })
    .map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 2_000 }),
);

describe('whatever a host answers', () => {
  test('is taken without an exception; what is not of the protocol is kept, cut', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const told: HostProgress[] = [];
        const answer = new HostAnswer((progress) => told.push(progress));
        for (const one of lines) answer.add(one);
        expect((answer.garbage ?? '').length).toBeLessThanOrEqual(LONGEST);
        expect(told.length + Number(answer.ending !== undefined)).toBeLessThanOrEqual(lines.length);
      }),
    );
  });

  test('the first ending counts, and anything after it is garbage', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 10 }), (lines) => {
        const answer = new HostAnswer(() => undefined);
        answer.add('{"type":"result","result":{"changed":true}}');
        const { ending } = answer;
        for (const one of lines) answer.add(one);
        expect(answer.ending).toBe(ending);
        expect(answer.garbage).toBe(lines[0]?.slice(0, LONGEST));
      }),
    );
  });
});
