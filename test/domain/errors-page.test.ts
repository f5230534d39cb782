import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ERRORS, runbook, type ErrorClass, type ErrorCode } from '../../src/domain/errors.js';
import { HOST_ERROR_CODES } from '../../src/domain/host-protocol.js';
import { HOST_ERROR_CLASS, RETRY } from '../../src/domain/retry.js';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** The text under a heading, up to the next one. */
function section(heading: string): string {
  const [, text = ''] = PAGE.split(`\n## ${heading}\n`);
  return text.split('\n## ')[0] ?? '';
}

/** The rows of the first table in a text, by cell; the heading's two rows left out. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('the page has a section for every code, and for no other', () => {
  const headings = [...PAGE.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
  expect(headings).toEqual(CODES);
});

test.each(CODES)('%s is explained: its class, its meaning, causes, and what to do', (code) => {
  const text = section(code);
  expect(text).toContain(`\nClass: \`${ERRORS[code].class}\`\n`);
  expect(text).toMatch(/^- \*\*Likely causes\*\*: .{10}/m);
  expect(text).toMatch(/^- \*\*What to do\*\*: .{7}/m);
});

test.each(CODES)('the runbook of %s leads there', (code) => {
  const [file, anchor] = runbook(code).split('#');
  expect(file).toBe('docs/errors.md');
  expect(PAGE).toContain(`<a id="${anchor}"></a>\n\n## ${code}\n`);
});

test('the retry table is the one of the code', () => {
  const expected = Object.entries(RETRY).map(([name, { again, delay }]) => {
    const when = delay === 'none' ? 'at once, beginning with a look' : "after the policy's delay";
    return again ? [name, 'yes', when] : [name, 'no', '–'];
  });
  const shown = rows(section('Retries'));
  expect(shown.map((row) => row.slice(0, 3))).toEqual(expected);
  expect(shown.every(([, , , meaning = '']) => meaning.length > 10)).toBe(true);
});

test('the classes are a closed set, and the page says so', () => {
  const classes = Object.keys(RETRY);
  const used = [...Object.values(ERRORS).map((facts) => facts.class), ...Object.values(HOST_ERROR_CLASS)];
  expect([...new Set(used)].sort()).toEqual([...classes].sort());
  const counted = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'][classes.length];
  expect(section('Retries')).toContain(`exactly one of ${String(counted)} classes`);
  expect(section('Retries').replaceAll('\n', ' ')).toContain('The classes are a closed set');
});

test('every host code is explained under its class', () => {
  const shown = rows(section('Host codes'));
  const expected = HOST_ERROR_CODES.map((code): [string, ErrorClass] => [code, HOST_ERROR_CLASS[code]]);
  expect(shown.map(([code, errorClass]) => [code, errorClass])).toEqual(expected);
  expect(shown.every(([, , meaning = '', todo = '']) => meaning.length > 10 && todo.length > 5)).toBe(true);
});
