import { afterEach, describe, expect, test } from '@jest/globals';
import { processTerminal, sheetOf } from '../../src/client/terminal.js';

const { isTTY, rows, columns } = process.stdout;
const variables = { ...process.env };

/** Standard output as if it were a terminal of so many columns; 0: it is none. */
function standardOutput(width: number, said: Readonly<Record<string, string>> = {}): void {
  Object.assign(process.stdout, { isTTY: width > 0, rows: width > 0 ? 24 : undefined, columns: width });
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TERM']) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, { TERM: 'xterm-256color', ...said });
}

afterEach(() => {
  Object.assign(process.stdout, { isTTY, rows, columns });
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TERM']) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
});

describe('standard output', () => {
  test('that is no terminal gets plain lines, which are not broken', () => {
    standardOutput(0);
    const terminal = processTerminal();
    expect(terminal).toMatchObject({ live: false, width: 100 });
    expect(terminal.colour.red('x')).toBe('x');
    expect(sheetOf(terminal).width).toBe(Number.POSITIVE_INFINITY);
  });

  test('that is a terminal is drawn on as wide as it is', () => {
    standardOutput(72);
    const terminal = processTerminal();
    expect(terminal).toMatchObject({ live: true, width: 72 });
    expect(sheetOf(terminal).width).toBe(72);
  });

  test('is not coloured where NO_COLOR is set, whatever else is', () => {
    standardOutput(72, { NO_COLOR: '1', FORCE_COLOR: '1' });
    expect(processTerminal().colour.level).toBe(0);
  });

  test('of a dumb terminal is not redrawn', () => {
    standardOutput(72, { TERM: 'dumb' });
    expect(processTerminal().live).toBe(false);
  });
});
