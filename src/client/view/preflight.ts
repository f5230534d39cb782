import {
  countPreflight,
  isObjection,
  type PreflightReport,
  type PreflightResult,
} from '../../domain/preflight.js';
import type { Terminal } from '../terminal.js';
import { plainTable } from './plain-table.js';
import { printable } from './printable.js';

type Sheet = Pick<Terminal, 'colour' | 'width'>;

/** How a line of the table reads: nothing wrong, a warning, or what ends the run; `?`: it could not be looked at. */
export function preflightMark(result: PreflightResult): string {
  if (result.verdict === 'pass') return '✓';
  if (result.verdict === 'unknown') return '?';
  return isObjection(result) ? '✗' : '!';
}

/** One sentence on all of it. */
export function preflightLine(report: PreflightReport): string {
  const { environment, version, level, passed, durationMs } = report;
  const verb = passed ? 'lets' : 'does not let';
  const seconds = (durationMs / 1000).toFixed(1);
  return `The ${level} preflight of ${environment} ${verb} ${version} in: ${countPreflight(report)}, in ${seconds} s.`;
}

/** What is not as it has to be, with what to do and where more about it stands. */
function complaint({ name, target, severity, found, limit, advice, runbook }: PreflightResult): string[] {
  const expected = limit === null ? '' : ` (expected ${limit})`;
  return [
    `${severity}: ${name} of ${printable(target)}: ${printable(found, 500)}${expected}`,
    `    → ${printable(advice ?? '', 500)}`,
    `      ${runbook ?? ''}`,
  ];
}

/** A line for each look, then what to do about those that did not say yes. */
export function describePreflight(report: PreflightReport, sheet: Sheet): string {
  const { results, passed } = report;
  const { colour } = sheet;
  const rows = results.map((result) => {
    const tint = result.verdict === 'pass' ? colour.green : isObjection(result) ? colour.red : colour.yellow;
    return [
      tint(preflightMark(result)),
      result.name,
      printable(result.target),
      printable(result.found),
      result.limit ?? '',
    ];
  });
  const wrong = results.filter(({ verdict }) => verdict !== 'pass').flatMap(complaint);
  const more = results.flatMap(({ name, target, details }) =>
    details.map((one) => colour.dim(`${name} of ${printable(target)}: ${printable(one, 500)}`)),
  );
  return [
    plainTable(['', 'look', 'at', 'found', 'limit'], rows, sheet),
    ...(more.length === 0 ? [] : ['', ...more]),
    ...(wrong.length === 0 ? [] : ['', ...wrong]),
    '',
    (passed ? colour.green : colour.red)(preflightLine(report)),
  ].join('\n');
}
