import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CommandOutput } from '../../../src/adapters/ssh/output.js';

/** Bytes of any kind, with line feeds and characters of several bytes more often than chance has them. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('\n', '\n\n', '\r\n', 'ü✓\u{1f600}').map((text) => new TextEncoder().encode(text)),
);
const bytes = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.concat(pieces));

/** The same bytes in packets, cut anywhere. */
function cut(all: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (all.length + 1)), all.length].sort((a, b) => a - b);
  return ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end));
}

describe('whatever a command writes, and in whatever packets', () => {
  test('its lines are those of the whole', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), (all, places) => {
        const lines: string[] = [];
        const output = new CommandOutput(all.length, (line) => lines.push(line));
        for (const packet of cut(all, places)) expect(output.add('stdout', packet)).toBe(true);
        output.end();
        const whole = all.toString('utf8');
        expect(output.stdout).toBe(whole);
        expect(lines).toEqual(
          whole.endsWith('\n') || whole === '' ? whole.split('\n').slice(0, -1) : whole.split('\n'),
        );
      }),
    );
  });

  test('no more than the limit is kept', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), fc.nat(100), (all, places, limit) => {
        const output = new CommandOutput(limit);
        const isTaken = cut(all, places).map((packet, index) =>
          output.add(index % 2 === 0 ? 'stdout' : 'stderr', packet),
        );
        expect(output.stdout.length + output.stderr.length).toBeLessThanOrEqual(limit);
        expect(isTaken.every(Boolean)).toBe(all.length <= limit);
      }),
    );
  });
});

// As strings put together packet by packet and split again, this took minutes.
test('two megabytes in one line that come byte by byte', () => {
  const [size, byte] = [2 * 1024 * 1024, Buffer.from('x')];
  const lines: string[] = [];
  const output = new CommandOutput(size + 1, (line) => lines.push(line));
  const began = performance.now();
  for (let sent = 0; sent < size; sent += 1) output.add('stdout', byte);
  output.add('stdout', Buffer.from('\n'));
  expect(lines.map(({ length }) => length)).toEqual([size]);
  expect(performance.now() - began).toBeLessThan(10_000);
});
