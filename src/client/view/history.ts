import type { ChalkInstance } from 'chalk';
import { describeRun } from '../../domain/environment-view.js';
import type { Place } from '../environments.js';
import type { PastRun } from '../history.js';
import { plainTable } from './plain-table.js';
import type { Canvas } from './progress-table.js';
import { elapsed, moment } from './times.js';

const GOOD: readonly string[] = ['SUCCEEDED', 'NOOP', 'DRY_RUN'];
const BAD: readonly string[] = ['PARTIAL', 'ROLLED_BACK', 'ROLLED_BACK_UNHEALTHY'];

function ending({ outcome, isRunning, phase }: PastRun, colour: ChalkInstance): string {
  if (isRunning) return colour.cyan(`▶ ${phase ?? 'starting'}`);
  if (outcome === null) return colour.red('ended from outside');
  if (GOOD.includes(outcome)) return colour.green(outcome);
  return BAD.includes(outcome) ? colour.red(outcome) : colour.yellow(outcome);
}

function row(run: PastRun, { colour, now }: Canvas): string[] {
  const { kind, version, startedAt, endedAt, deploymentId } = run;
  return [
    startedAt === null ? `ended ${moment(endedAt ?? '')}` : moment(startedAt),
    kind === null ? version : describeRun({ kind, version }),
    ending(run, colour),
    startedAt === null ? '' : elapsed({ startedAt, endedAt }, now),
    deploymentId,
  ];
}

/** The latest runs of an environment, a line each. */
export function historyPage(place: Place, runs: readonly PastRun[], canvas: Canvas): string {
  const { colour } = canvas;
  const title = colour.bold(`${place.application}/${place.environment}`);
  if (runs.length === 0) return `${title}: nothing was ever deployed here, as far as the server remembers.`;
  const heads = ['began', 'run', 'outcome', 'took', 'deployment'];
  return plainTable(
    heads,
    runs.map((run) => row(run, canvas)),
    canvas,
  );
}
