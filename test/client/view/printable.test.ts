import { describe, expect, test } from '@jest/globals';
import { Chalk } from 'chalk';
import { progressTable } from '../../../src/client/view/progress-table.js';
import { auditTable } from '../../../src/client/view/audit.js';
import type { AuditLine } from '../../../src/domain/audit.js';
import { progress } from './progress.js';
import { guarded } from '../../../src/client/terminal.js';
import { describeError } from '../../../src/client/view/error.js';
import { writtenOut } from '../../../src/client/view/printable.js';
import { SafeguardError } from '../../../src/domain/errors.js';
import { CapturedTerminal } from '../captured-terminal.js';

const RED = '\u001b[31m';

describe('what a terminal would obey', () => {
  test('is written out; lines, tabs and other texts stay', () => {
    expect(writtenOut(`a\tb\n${RED}c\u009b2J\u007f\u202edé😀`)).toBe(
      'a\tb\n\\u001b[31mc\\u009b2J\\u007f\\u202edé😀',
    );
  });

  test('does not reach the terminal, whoever forgot it', () => {
    const captured = new CapturedTerminal();
    const terminal = guarded(captured);
    terminal.out(`out ${RED}`);
    terminal.err('err \u001b[2J');
    expect([captured.stdout, captured.stderr]).toEqual(['out \\u001b[31m', 'err \\u001b[2J']);
  });

  test('may be a colour where there are colours, and nothing else', () => {
    const captured = Object.assign(new CapturedTerminal(), { colour: new Chalk({ level: 1 }) });
    guarded(captured).out(`${RED}a\u001b[2J`);
    expect(captured.stdout).toBe(`${RED}a\\u001b[2J`);
  });

  test('is no part of an error, not even as a colour', () => {
    const error = new SafeguardError('CONFIG_INVALID', `one\n${RED}two`);
    expect(describeError(error, false)).toMatch(/^error CONFIG_INVALID: one\n\\u001b\[31mtwo\n/);
  });

  test('is not in a table of a run, nor in one of the audit trail', () => {
    const run = { ...progress(), version: `2.0.0${RED}`, message: `${RED}no` };
    const colour = new Chalk({ level: 0 });
    expect(progressTable(run, { colour, width: 100, now: 0 })).not.toContain(RED);
    const line = {
      sequence: 1,
      at: '2026-11-21T12:00:00Z',
      action: `aborted${RED}`,
      by: `ada${RED}`,
      identity: 'claimed',
      version: null,
      outcome: null,
      reason: `why${RED}\nred`,
      deploymentId: `run${RED}`,
    } as unknown as AuditLine;
    expect(auditTable('dev', [line], new CapturedTerminal())).not.toContain(RED);
  });

  test('leaves JSON what it says', () => {
    const value = { text: `\u009b31m${RED}\\` };
    const captured = new CapturedTerminal();
    guarded(captured).out(JSON.stringify(value));
    expect(captured.stdout).not.toContain('\u009b');
    expect(JSON.parse(captured.stdout)).toEqual(value);
  });
});
