import type { ChalkInstance } from 'chalk';
import type { SmokeResult } from '../../domain/smoke.js';
import { printable } from './printable.js';

const MARKS = { pass: '✓', fail: '✗', unknown: '?' } as const;

function coloured({ verdict, severity }: SmokeResult, text: string, colour: ChalkInstance): string {
  if (verdict === 'pass') return colour.green(text);
  return severity === 'critical' ? colour.red(text) : colour.yellow(text);
}

function tries({ attempts }: SmokeResult): string {
  return attempts > 1 ? ` (${attempts} attempts)` : '';
}

/** `✗ login page   answered 503, expected 200 (6 attempts)`; names are padded to `width`. */
export function smokeLine(result: SmokeResult, width: number, colour: ChalkInstance): string {
  const { name, verdict, severity, evidence } = result;
  const what = verdict !== 'pass' && severity !== 'critical' ? `${severity}: ` : '';
  const mark = coloured(result, MARKS[verdict], colour);
  return `${mark} ${printable(name).padEnd(width)}  ${what}${printable(evidence)}${tries(result)}`;
}

/** One sentence on all of them. */
export function smokeSummary(
  found: {
    readonly url: string;
    readonly healthy: boolean;
    readonly durationMs: number;
    readonly results: readonly SmokeResult[];
  },
  colour: ChalkInstance,
): string {
  const { url, healthy, results, durationMs } = found;
  const count = (wanted: SmokeResult['verdict']): number =>
    results.filter(({ verdict }) => verdict === wanted).length;
  const counts = [
    `${count('pass')} of ${results.length} passed`,
    ...(count('fail') > 0 ? [`${count('fail')} failed`] : []),
    ...(count('unknown') > 0 ? [`${count('unknown')} could not be carried out`] : []),
  ];
  const word = healthy ? colour.green('works') : colour.red('does not work as it should');
  return `${url} ${word}: ${counts.join(', ')}, in ${(durationMs / 1000).toFixed(1)} s.`;
}
