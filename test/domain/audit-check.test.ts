import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkTrail, lineName, type Remembered, type StoredLine } from '../../src/domain/audit-check.js';
import { auditText, kept, noted, waitingLines } from '../../src/domain/audit-trail.js';
import type { AuditLine } from '../../src/domain/audit.js';
import { AT, chain, event, PLACE, stored, lineIn } from './audit-fixtures.js';

function found(files: readonly StoredLine[], remembered: Remembered | null = null): string[] {
  return checkTrail(PLACE, files, remembered).findings.map(
    ({ problem, sequence }) => `${problem} ${sequence ?? '-'}`,
  );
}

/** A trail of 2 to 12 lines, with the environment that wrote it, and numbers of two different lines of it. */
const trail = fc
  .integer({ min: 2, max: 12 })
  .chain((length) =>
    fc.record({
      length: fc.constant(length),
      pair: fc.uniqueArray(fc.integer({ min: 1, max: length }), { minLength: 2, maxLength: 2 }),
    }),
  )
  .map(({ length, pair: [one = 1, other = 2] }) => {
    const { lines, head } = chain(length);
    return { lines, files: stored(lines), one, other, remembered: { before: head, after: head } };
  });

/** The files with the text of one line replaced. */
function rewritten(files: readonly StoredLine[], sequence: number, text: string): StoredLine[] {
  return files.map((file) => (file.name === lineName(sequence) ? { ...file, text } : file));
}

/** The lines from one on, each carrying the hash of the one before, as somebody would who knows how. */
function chainedAgain(lines: readonly AuditLine[], changed: AuditLine): AuditLine[] {
  const events = lines.map((line) => (line.sequence === changed.sequence ? changed : line));
  const empty = { ...chain(0).head, outbox: [] };
  return waitingLines(noted(empty, events), PLACE).map((line, index) => {
    const { key, reason, by } = lineIn(events, index + 1);
    return { ...line, key, reason, by };
  });
}

test('a trail that nobody touched is in order, with and without what the environment remembers', () => {
  fc.assert(
    fc.property(trail, ({ files, remembered }) => {
      expect(found(files)).toEqual([]);
      expect(found([...files].reverse(), remembered)).toEqual([]);
    }),
  );
  expect(found([])).toEqual([]);
});

describe('is found, and the right line is named:', () => {
  const fields = fc.constantFrom('by', 'reason', 'at', 'version', 'previous', 'incarnation');

  test('a field that was changed', () => {
    fc.assert(
      fc.property(trail, fields, ({ lines, files, one, remembered }, field) => {
        const line = { ...lineIn(lines, one), [field]: 'forged' };
        const problems = found(rewritten(files, one, auditText(line)), remembered);
        expect(problems).toEqual([`${field === 'incarnation' ? 'moved' : 'changed'} ${one}`]);
      }),
    );
  });

  test('a single byte that was changed', () => {
    fc.assert(
      fc.property(trail, fc.nat(), ({ files, one, remembered }, at) => {
        const text = files[one - 1]?.text ?? '';
        const index = at % text.length;
        const other = text[index] === 'x' ? 'y' : 'x';
        const forged = `${text.slice(0, index)}${other}${text.slice(index + 1)}`;
        const problems = found(rewritten(files, one, forged), remembered);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatch(new RegExp(` ${one}$`));
      }),
      { numRuns: 300 },
    );
  });

  test('spaces that mean nothing', () => {
    fc.assert(
      fc.property(trail, ({ files, one }) => {
        const text = files[one - 1]?.text.replace('{', '{ ') ?? '';
        expect(found(rewritten(files, one, text))).toEqual([`changed ${one}`]);
      }),
    );
  });

  test('a line that was removed; the last one only by what the environment remembers', () => {
    fc.assert(
      fc.property(trail, ({ files, one, remembered }) => {
        const left = files.filter(({ name }) => name !== lineName(one));
        expect(found(left, remembered)).toEqual([`removed ${one}`]);
        expect(found(left)).toEqual(one === files.length ? [] : [`removed ${one}`]);
      }),
    );
  });

  test('two lines that were swapped', () => {
    fc.assert(
      fc.property(trail, ({ files, one, other, remembered }) => {
        const [a, b] = [files[one - 1]?.text ?? '', files[other - 1]?.text ?? ''];
        const swapped = rewritten(rewritten(files, one, b), other, a);
        const both = [one, other].sort((x, y) => x - y).map((sequence) => `moved ${sequence}`);
        expect(found(swapped, remembered)).toEqual(both);
      }),
    );
  });

  test('two lines that were swapped and renumbered', () => {
    fc.assert(
      fc.property(trail, ({ lines, files, one, other, remembered }) => {
        const as = (from: number, to: number): string => auditText({ ...lineIn(lines, from), sequence: to });
        const swapped = rewritten(rewritten(files, one, as(other, one)), other, as(one, other));
        const both = [one, other].sort((x, y) => x - y).map((sequence) => `changed ${sequence}`);
        expect(found(swapped, remembered)).toEqual(both);
      }),
    );
  });

  test('a line that was put between others', () => {
    fc.assert(
      fc.property(trail, ({ lines, files, one, remembered }) => {
        const forged = { ...lineIn(lines, one), by: 'mallory' };
        const moved = files
          .slice(one - 1)
          .map(({ text }, index) => ({ name: lineName(one + 1 + index), text }));
        const inserted = [
          ...files.slice(0, one - 1),
          { name: lineName(one), text: auditText(forged) },
          ...moved,
        ];
        const problems = found(inserted, remembered);
        const after = moved.slice(0, -1).map((_, index) => `moved ${one + 1 + index}`);
        expect(problems).toEqual(expect.arrayContaining([...after, `unknown ${files.length + 1}`]));
        expect(found(inserted)).toContain(`moved ${one + 1}`);
      }),
    );
  });

  test('a line that was put behind the last one', () => {
    fc.assert(
      fc.property(trail, ({ files, lines, remembered }) => {
        const next = waitingLines(noted(remembered.after, [event('forged')]), PLACE);
        expect(found(stored([...lines, ...next]), remembered)).toEqual([`unknown ${files.length + 1}`]);
      }),
    );
  });

  test('a whole chain that was computed anew: the environment knows another hash', () => {
    fc.assert(
      fc.property(trail, ({ lines, one, remembered }) => {
        const forged = chainedAgain(lines, { ...lineIn(lines, one), by: 'mallory' });
        expect(found(stored(forged))).toEqual([]);
        expect(found(stored(forged), remembered)).toEqual([`changed ${lines.length}`]);
      }),
    );
  });

  test('something that is no line', () => {
    const { lines } = chain(2);
    expect(found([...stored(lines), { name: '000000000001a.json', text: '{}' }])).toEqual(['foreign -']);
    expect(found([...stored(lines), { name: lineName(0), text: '{}' }])).toEqual(['foreign -']);
    expect(found(rewritten(stored(lines), 2, 'null'))).toEqual(['changed 2']);
  });
});

test('lines that are kept while the store is read are no strangers', () => {
  const { head, lines } = chain(2);
  const waiting = noted(head, [event('next'), event('after that')]);
  const next = waitingLines(waiting, PLACE);
  const after = kept(waiting, next.slice(0, 1), AT);
  const files = stored([...lines, ...next]);
  expect(found(files, { before: head, after })).toEqual([]);
  expect(found(files.slice(0, 2), { before: head, after })).toEqual([]);
});
