import { CELLS } from './cells.js';
import { FAULTS, SCENARIOS, STEPS, type FaultName, type Scenario, type Step } from './draw-types.js';
import type { RunResult } from './results.js';
import { describeTimeline } from './timeline.js';

const FIRST_COLUMN = 14;
const COLUMN = 9;
/** Longer names of scenarios in a column's width. */
const SHORT: Readonly<Partial<Record<Scenario, string>>> = {
  'failing-migration': 'migr.',
  rollback: 'rollb.',
  terminate: 'termin.',
};

/** What `--json` says last. */
export interface Summary {
  readonly runs: number;
  readonly violations: number;
  readonly unresolved: number;
  /** Seconds. */
  readonly worst_rest_s: number;
}

/** The figures of all runs. */
export function summaryOf(results: readonly RunResult[]): Summary {
  return {
    runs: results.length,
    violations: results.reduce((sum, { violations }) => sum + violations.length, 0),
    unresolved: results.filter(({ unrest }) => unrest !== null).length,
    worst_rest_s: Math.round(Math.max(0, ...results.map(({ restMs }) => restMs)) / 100) / 10,
  };
}

function line(first: string, cells: readonly (string | number)[]): string {
  return first.padEnd(FIRST_COLUMN) + cells.map((cell) => String(cell).padStart(COLUMN)).join('');
}

/** How many runs had this fault happen in this scenario. */
function faultsByScenario(results: readonly RunResult[]): string[] {
  const count = (fault: FaultName, scenario: Scenario): number =>
    results.filter(
      ({ draw, faults }) =>
        draw.scenario === scenario && faults.some((struck) => struck.hit && struck.fault === fault),
    ).length;
  return [
    line(
      'runs',
      SCENARIOS.map((scenario) => SHORT[scenario] ?? scenario),
    ),
    ...FAULTS.map((fault) =>
      line(
        fault,
        SCENARIOS.map((scenario) => count(fault, scenario)),
      ),
    ),
    line(
      'all',
      SCENARIOS.map((scenario) => results.filter(({ draw }) => draw.scenario === scenario).length),
    ),
  ];
}

/** How often each fault happened at each step; a dash where it makes no sense. */
function coverage(results: readonly RunResult[]): string[] {
  const struck = results.flatMap(({ faults }) => faults.filter(({ hit }) => hit));
  const count = (step: Step, fault: FaultName): number | string => {
    if (!CELLS.some((cell) => cell.step === step && cell.fault === fault)) return '-';
    return struck.filter((one) => one.moment.step === step && one.fault === fault).length;
  };
  return [
    line('faults hit', STEPS),
    ...FAULTS.map((fault) =>
      line(
        fault,
        STEPS.map((step) => count(step, fault)),
      ),
    ),
  ];
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Both tables, and the figures. */
export function describeResults(results: readonly RunResult[]): string {
  const { runs, violations, unresolved } = summaryOf(results);
  const rests = results.map(({ restMs }) => restMs);
  const drawn = results.flatMap(({ faults }) => faults);
  const cells = CELLS.filter(({ step, fault }) =>
    drawn.some((one) => one.hit && one.moment.step === step && one.fault === fault),
  );
  return [
    ...faultsByScenario(results),
    '',
    ...coverage(results),
    '',
    `${drawn.length} faults drawn, ${drawn.filter(({ hit }) => hit).length} hit; ${cells.length} of ${CELLS.length} cells`,
    `${runs} runs, ${violations} violations, ${unresolved} unresolved`,
    `time to rest: median ${seconds(median(rests))}, worst ${seconds(Math.max(0, ...rests))}; a run: median ${seconds(median(results.map(({ tookMs }) => tookMs)))}`,
  ].join('\n');
}

/** One line about a run. */
export function describeRun({ draw, faults, violations, restMs, tookMs }: RunResult): string {
  const struck = faults.map(
    ({ fault, moment, hit }) => `${fault} at ${moment.step}${hit ? '' : ' (missed)'}`,
  );
  const verdict = violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`;
  return `run ${draw.run}: ${draw.scenario}; ${struck.join(', ')}: ${verdict}, at rest after ${seconds(restMs)}, took ${seconds(tookMs)}`;
}

/** All that helps to find out why a run failed. */
export function describeFailure({ draw, violations, timeline, kept }: RunResult): string {
  const aim = (draw.aimedBy ?? []).map((word) => ` ${word}`).join('');
  return [
    `run ${draw.run} of seed ${draw.seed} failed. Again: npm run chaos -- --seed ${draw.seed} --only ${draw.run}${aim}`,
    `logs: ${kept ?? 'none'}`,
    describeTimeline(timeline),
    ...violations.map(
      ({ invariant, host, what, evidence }) => `${invariant} ${host ?? ''} ${what}\n    ${evidence}`,
    ),
  ].join('\n');
}
