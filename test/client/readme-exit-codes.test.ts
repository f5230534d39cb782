import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  EXIT_DIFFERS,
  EXIT_STATUS,
  EXIT_STATUS_OF_RECOVERY,
  EXIT_UNREACHABLE,
  type Outcome,
} from '../../src/domain/outcome.js';

const README = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

/** The text of README's section on exit statuses. */
function section(): string {
  const [, text = ''] = README.split('\n## Exit status\n');
  return text.split('\n## ')[0] ?? '';
}

/** The rows of its tables that begin like this: what the first two columns say. */
function rows(pattern: RegExp): (readonly [string, string])[] {
  return [...section().matchAll(pattern)].map(([, first = '', second = '']) => [first, second] as const);
}

describe('README says of exit statuses', () => {
  test('what each outcome exits with, in the order of the code', () => {
    const shown = rows(/^\| `([A-Z_]+)` +\| (\d+) +\|/gm).map(([outcome, exit]) => [outcome, Number(exit)]);
    expect(shown).toEqual(Object.entries(EXIT_STATUS).sort(([, a], [, b]) => a - b));
  });

  test('where a recovery exits otherwise', () => {
    const others = Object.entries(EXIT_STATUS_OF_RECOVERY).filter(
      ([outcome, exit]) => EXIT_STATUS[outcome as Outcome] !== exit,
    );
    const said = [...section().matchAll(/`([A-Z_]+)` exits with (\d+)/g)].map(([, outcome, exit]) => [
      outcome,
      Number(exit),
    ]);
    expect(said).toEqual(others);
  });

  test('what it means that verify found a difference', () => {
    const meanings = new Map(rows(/^\| (\d+) +\| (.+?) +\|$/gm));
    expect(meanings.get(String(EXIT_DIFFERS))).toMatch(/`verify`.*not as committed/);
  });

  test('what it means that Temporal is out of reach', () => {
    const meanings = new Map(rows(/^\| (\d+) +\| (.+?) +\|$/gm));
    expect(meanings.get(String(EXIT_UNREACHABLE))).toMatch(/Temporal.* out of reach/);
  });
});
