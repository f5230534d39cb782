import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HostAnswer, type HostProgress } from '../../src/adapters/host-answer.js';
import { CommandOutput } from '../../src/adapters/ssh/output.js';

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

  test('is taken as bytes in any packets, without an exception', () => {
    const bytes = fc.array(
      fc.oneof(
        line.map((text) => Buffer.from(`${text}\n`)),
        fc.uint8Array({ maxLength: 200 }),
      ),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 50 }), (pieces, packet) => {
        const all = Buffer.concat(pieces);
        const answer = new HostAnswer(({ text }) => expect(text.length).toBeLessThanOrEqual(500));
        const output = new CommandOutput(all.length, (text) => answer.add(text));
        for (let at = 0; at < all.length; at += packet) output.add('stdout', all.subarray(at, at + packet));
        output.end();
        expect((answer.garbage ?? '').length).toBeLessThanOrEqual(LONGEST);
      }),
    );
  });

  test('is no JSON to us where it is nested without end, and text is no nesting', () => {
    const nested = (levels: number): string =>
      `{"type":"result","result":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const answerTo = (text: string): HostAnswer => {
      const answer = new HostAnswer(() => undefined);
      answer.add(text);
      return answer;
    };
    expect(answerTo(nested(20)).ending).toBeDefined();
    expect(answerTo(nested(1_000_000)).garbage).toHaveLength(LONGEST);
    const brackets = JSON.stringify({ type: 'result', result: `"\\"${'[{'.repeat(1_000)}` });
    expect(answerTo(brackets).ending).toBeDefined();
  });
});
