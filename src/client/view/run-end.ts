import type { ChalkInstance } from 'chalk';
import { ERRORS, runbook } from '../../domain/errors.js';
import { isRollback } from '../../domain/outcome.js';
import type { Terminal } from '../terminal.js';
import type { RunEnd } from '../run-end.js';
import { describePreflight } from './preflight.js';
import { printable } from './printable.js';

/** The last line about a run, and where to look when the run could not say what came of it. */
export function describeEnd(end: RunEnd, environment: string, colour: ChalkInstance): string {
  const { outcome } = end;
  if (outcome === null)
    return [
      `${colour.red('ended from outside')}: ${printable(end.message, 2000)}`,
      `The environment brings itself to one release. Watch it: safeguard watch ${environment}`,
    ].join('\n');
  const isGood = end.exitStatus === 0;
  const word = isGood
    ? colour.green(outcome)
    : isRollback(outcome)
      ? colour.red(outcome)
      : colour.yellow(outcome);
  return [...whatToDo(end, colour), `${word}: ${printable(end.message, 2000)}`].join('\n');
}

/** Before the verdict, which is the last line of every run. */
function whatToDo({ code }: RunEnd, colour: ChalkInstance): string[] {
  return code === undefined ? [] : [colour.dim(`${code}: ${ERRORS[code].advice} See ${runbook(code)}`)];
}

/** The last line about a run, after the table of a preflight that did not let it in. */
export function describeWholeEnd(
  end: RunEnd,
  environment: string,
  sheet: Pick<Terminal, 'colour' | 'width'>,
): string {
  const last = describeEnd(end, environment, sheet.colour);
  const { preflight } = end;
  if (preflight === undefined || preflight.passed) return last;
  return [describePreflight(preflight, sheet), '', last].join('\n');
}
