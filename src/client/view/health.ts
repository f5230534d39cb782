import type { CheckResult, HealthLook, Verdict } from '../../domain/check.js';
import type { Terminal } from '../terminal.js';
import { plainTable } from './plain-table.js';
import { printable } from './printable.js';

type Sheet = Pick<Terminal, 'colour' | 'width'>;

const MARKS: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✗', unknown: '?' };
const BARS = '▁▂▃▄▅▆▇█';
/** Looks that are kept for the history. */
const KEPT = 20;

/** How long each check took in the last looks, at worst; `null`: it did not pass. */
export class HealthHistory {
  readonly #times = new Map<string, (number | null)[]>();

  add({ results }: HealthLook): void {
    for (const [name, group] of byName(results)) {
      const passed = group.every(({ verdict }) => verdict === 'pass');
      const slowest = Math.max(...group.map(timeOf));
      const times = [...(this.#times.get(name) ?? []), passed ? slowest : null];
      this.#times.set(name, times.slice(-KEPT));
    }
  }

  /** One bar a look, against the slowest of them; `✗` where the check did not pass. */
  bars(name: string): string {
    const times = this.#times.get(name) ?? [];
    const most = Math.max(1, ...times.map((time) => time ?? 0));
    return times
      .map((time) => (time === null ? '✗' : BARS[Math.round((time / most) * (BARS.length - 1))]))
      .join('');
  }
}

function byName(results: readonly CheckResult[]): Map<string, CheckResult[]> {
  const groups = new Map<string, CheckResult[]>();
  for (const result of results) groups.set(result.name, [...(groups.get(result.name) ?? []), result]);
  return groups;
}

/** The worst of a group decides. */
function verdictOf(group: readonly CheckResult[]): Verdict {
  if (group.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return group.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'pass';
}

/** Of its answer; else of the whole check, pauses and turns included. */
function timeOf({ responseMs, durationMs }: CheckResult): number {
  return responseMs ?? durationMs;
}

function span(group: readonly CheckResult[]): string {
  const times = group.map(timeOf);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  return least === most ? `${most} ms` : `${least}–${most} ms`;
}

function row(
  name: string,
  group: readonly CheckResult[],
  { colour }: Sheet,
  history?: HealthHistory,
): string[] {
  const verdict = verdictOf(group);
  const isCritical = group[0]?.severity === 'critical';
  const tint = verdict === 'pass' ? colour.green : isCritical ? colour.red : colour.yellow;
  const passed = group.filter((one) => one.verdict === 'pass').length;
  return [
    tint(MARKS[verdict]),
    group[0]?.category ?? '',
    printable(name),
    `${passed} of ${group.length}`,
    span(group),
    ...(history ? [history.bars(name)] : []),
  ];
}

/** What did not pass, a sentence each. */
function complaints(results: readonly CheckResult[]): string[] {
  return results
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ name, target, severity, verdict, evidence }) => {
      const how = verdict === 'unknown' ? 'could not be carried out: ' : '';
      return `${target}: ${severity}: ${printable(name)}: ${how}${printable(evidence)}`;
    });
}

/** One sentence on all checks. */
export function healthLine({ environment, committed, healthy, results, durationMs }: HealthLook): string {
  const passed = results.filter(({ verdict }) => verdict === 'pass').length;
  const word = healthy ? 'is healthy' : 'is not healthy';
  return `${environment} ${word} with ${committed}: ${passed} of ${results.length} passed, in ${(durationMs / 1000).toFixed(1)} s.`;
}

/** A line for each check over all hosts, then what did not pass. */
export function describeHealth(found: HealthLook, sheet: Sheet, history?: HealthHistory): string {
  const { results, healthy, evicted, holder } = found;
  const { colour } = sheet;
  const heads = ['', 'category', 'check', 'passed', 'time', ...(history ? ['slowest, look by look'] : [])];
  const rows = [...byName(results)].map(([name, group]) => row(name, group, sheet, history));
  const wrong = complaints(results);
  return [
    plainTable(heads, rows, sheet),
    ...(wrong.length === 0 ? [] : ['', ...wrong]),
    '',
    ...(evicted.length === 0 ? [] : [colour.dim(`Not asked, because evicted: ${evicted.join(', ')}`)]),
    ...(holder === null ? [] : [colour.yellow(`${printable(holder)} is changing it just now.`)]),
    (healthy ? colour.green : colour.red)(healthLine(found)),
  ].join('\n');
}
