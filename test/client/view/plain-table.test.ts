import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import { plainTable } from '../../../src/client/view/plain-table.js';

const plain = new Chalk({ level: 0 });
const rows = [
  ['stage', 'the files of 2.0.0 are put beside those that serve', '–'],
  ['backend', '1.0.0 → 2.0.0: stopped and started', 'restore 1.0.0'],
];
const heads = ['step', 'does', 'undone by'];
const lines = (width: number, colour = plain) => plainTable(heads, rows, { colour, width }).split('\n');

test('a table that fits, or that nobody looks at on a terminal, has a line for each row', () => {
  expect(lines(100)).toHaveLength(3);
  expect(lines(Number.POSITIVE_INFINITY)).toEqual(lines(100));
});

test.each([72, 60])('on %d columns its widest column is broken at words, and nothing is lost', (width) => {
  const shown = lines(width);
  expect(Math.max(...shown.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(width);
  expect(shown.length).toBeGreaterThan(3);
  for (const word of rows.flat().join(' ').split(' ')) expect(shown.join('\n')).toContain(word);
});

test('colours take no room', () => {
  const coloured = lines(60, new Chalk({ level: 1 })).map((line) => stripVTControlCharacters(line).trimEnd());
  expect(coloured).toEqual(lines(60).map((line) => line.trimEnd()));
});
