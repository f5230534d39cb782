import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import { describeRun } from '../../domain/environment-view.js';
import type { Place } from '../environments.js';
import type { PastRun } from '../history.js';
import { PLAIN_TABLE } from './progress-table.js';
import type { Paper } from './queue.js';
import { elapsed, moment } from './times.js';

const GOOD: readonly string[] = ['SUCCEEDED', 'NOOP', 'DRY_RUN'];
const BAD: readonly string[] = ['PARTIAL', 'ROLLED_BACK', 'ROLLED_BACK_UNHEALTHY'];

function ending({ outcome, isRunning, phase }: PastRun, colour: ChalkInstance): string {
  if (isRunning) return colour.cyan(`▶ ${phase ?? 'starting'}`);
  if (outcome === null) return colour.red('ended from outside');
  if (GOOD.includes(outcome)) return colour.green(outcome);
  return BAD.includes(outcome) ? colour.red(outcome) : colour.yellow(outcome);
}

function row(run: PastRun, { colour, now }: Paper): string[] {
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
export function historyPage(place: Place, runs: readonly PastRun[], paper: Paper): string {
  const { colour } = paper;
  const title = colour.bold(`${place.application}/${place.environment}`);
  if (runs.length === 0) return `${title}: nothing was ever deployed here, as far as the server remembers.`;
  const table = new Table({
    ...PLAIN_TABLE,
    head: ['began', 'run', 'outcome', 'took', 'deployment'].map((head) => colour.dim(head)),
  });
  table.push(...runs.map((run) => row(run, paper)));
  return table.toString();
}
