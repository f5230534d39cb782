import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import { describeRun } from '../../domain/environment-view.js';
import { describeRelease } from '../../domain/release.js';
import { earlierReleases, wayBackIn, waysOut } from '../../domain/ways-out.js';
import type { EnvironmentStatus } from '../environments.js';
import type { EnvironmentReport } from '../report.js';
import { printable } from './printable.js';
import { PLAIN_TABLE, progressTable, type Canvas } from './progress-table.js';
import { holderLine } from './queue.js';
import { switchLines, switchMarks } from './switches.js';
import { elapsed, moment } from './times.js';

function since(startedAt: string, now: number): string {
  return elapsed({ startedAt, endedAt: null }, now);
}

/** How many of those that wait are listed; `safeguard queue` lists all. */
const LISTED = 10;

function queueLines({ status, place }: EnvironmentReport, now: number): string[] {
  const queue = status?.queue ?? [];
  const lines = queue
    .slice(0, LISTED)
    .map(
      (run, index) =>
        `  ${index + 1}. ${describeRun(run)} — ${run.deploymentId}, asked by ${printable(run.requestedBy)}, waiting for ${since(run.enqueuedAt, now)}`,
    );
  if (queue.length <= LISTED) return lines;
  return [...lines, `  and ${queue.length - LISTED} more: safeguard queue ${place.environment}`];
}

function historyTable({ status }: EnvironmentReport, colour: ChalkInstance): string[] {
  const history = status?.history.slice(0, 10) ?? [];
  if (history.length === 0) return [];
  const table = new Table({
    ...PLAIN_TABLE,
    head: ['ended', 'version', 'outcome', 'deployment'].map((head) => colour.dim(head)),
  });
  table.push(...history.map((run) => [moment(run.at), run.version, run.outcome, run.deploymentId]));
  return ['', table.toString()];
}

function waitingLines({ waiting, place }: EnvironmentReport, colour: ChalkInstance): string[] {
  return waiting.map(
    (run) =>
      `${colour.yellow('awaiting approval')}: ${run.version} — ${run.deploymentId} (safeguard approve ${place.environment} --id ${run.deploymentId} --comment …)`,
  );
}

function quarantineLines(
  { place }: EnvironmentReport,
  status: EnvironmentStatus,
  colour: ChalkInstance,
): string[] {
  const { quarantine } = status;
  if (quarantine === null) return [];
  const { reason, since: began, deploymentId, lost } = quarantine;
  const ways = waysOut(place.environment, status);
  const width = Math.max(...ways.map(({ command }) => command.length));
  return [
    colour.red(`quarantined: ${printable(reason, 1000)}`),
    `  since ${moment(began)}, by ${deploymentId}; no new release is let in`,
    ...(lost.length === 0
      ? []
      : [`  lost: ${colour.red(printable(lost.join(', ')))} — tried again by itself as soon as it answers`]),
    '  ways out:',
    ...ways.map(({ command, does }) => `    ${command.padEnd(width)}  ${colour.dim(`# ${does}`)}`),
  ];
}

function evictedLines(
  { place }: EnvironmentReport,
  { evicted }: EnvironmentStatus,
  colour: ChalkInstance,
): string[] {
  return Object.values(evicted).flatMap(({ host, by, reason, at, withdrawn }) => [
    `${colour.yellow('evicted')}: ${host.name} — by ${printable(by)} at ${moment(at)}: ${printable(reason)}`,
    `  ${withdrawn ? 'seen out of traffic' : colour.red('not seen out of traffic yet; it is taken out as soon as it answers')}`,
    `  back in: ${wayBackIn(place.environment, host.name)}`,
  ]);
}

function rollbackLine(status: EnvironmentStatus): string {
  const earlier = earlierReleases(status);
  return earlier.length === 0
    ? 'a rollback has nothing to go to yet'
    : `a rollback can go to ${earlier.map(describeRelease).join(', ')}`;
}

/** All about one environment. */
export function environmentPage(report: EnvironmentReport, canvas: Canvas): string {
  const { place, status, progress } = report;
  const { colour, now } = canvas;
  const title = colour.bold(`${place.application}/${place.environment}`);
  const waiting = waitingLines(report, colour);
  if (!status) return [`${title}: nothing was ever deployed here.`, ...waiting].join('\n');
  const { committed, queue } = status;
  return [
    `${title} serves ${describeRelease(committed)}`,
    rollbackLine(status),
    ...quarantineLines(report, status, colour),
    ...switchLines(place.environment, status.switches, now, colour),
    ...evictedLines(report, status, colour),
    `held by ${holderLine(status.holder, canvas)}`,
    ...(queue.length === 0 ? [] : [`${queue.length} waiting:`, ...queueLines(report, now)]),
    ...waiting,
    ...(progress === null ? [] : ['', progressTable(progress, canvas)]),
    ...historyTable(report, colour),
  ].join('\n');
}

function overviewRow({ place, status, waiting, progress }: EnvironmentReport, now: number): string[] {
  if (!status)
    return [
      place.environment,
      'never deployed',
      '',
      '',
      waiting.length === 0 ? '' : `${waiting.length} awaiting approval`,
    ];
  const evicted = Object.keys(status.evicted).length;
  const remarks = [
    ...(status.quarantine === null ? [] : ['quarantined']),
    ...switchMarks(status.switches, now),
    ...(typeof status.holder?.stalledSince === 'string' ? ['stalled'] : []),
    ...(evicted === 0 ? [] : [`${evicted} evicted`]),
    ...(waiting.length === 0 ? [] : [`${waiting.length} awaiting approval`]),
  ];
  const running = status.holder ? `${describeRun(status.holder)} ${progress?.phase ?? ''}`.trim() : '';
  const queued = status.queue.length === 0 ? '' : String(status.queue.length);
  return [place.environment, describeRelease(status.committed), running, queued, remarks.join(', ')];
}

/** All environments of an application, a line each. */
export function overview(
  reports: readonly EnvironmentReport[],
  { colour, now }: Pick<Canvas, 'colour' | 'now'>,
): string {
  const heads = ['environment', 'serves', 'running', 'queue', ''];
  const table = new Table({ ...PLAIN_TABLE, head: heads.map((head) => colour.dim(head)) });
  table.push(...reports.map((report) => overviewRow(report, now)));
  return table.toString();
}
