import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import { describeRelease } from '../../domain/release.js';
import type { EnvironmentReport } from '../report.js';
import { printable } from './printable.js';
import { PLAIN_TABLE, progressTable, type Canvas } from './progress-table.js';
import { elapsed, moment } from './times.js';

function since(startedAt: string, now: number): string {
  return elapsed({ startedAt, endedAt: null }, now);
}

function holderLine({ status }: EnvironmentReport, now: number): string {
  const holder = status?.holder;
  if (!holder) return 'nobody';
  return `${holder.version} — ${holder.deploymentId}, asked by ${printable(holder.requestedBy)}, for ${since(holder.grantedAt, now)}`;
}

function queueLines({ status }: EnvironmentReport, now: number): string[] {
  return (status?.queue ?? []).map(
    (run, index) =>
      `  ${index + 1}. ${run.version} — ${run.deploymentId}, asked by ${printable(run.requestedBy)}, waiting for ${since(run.enqueuedAt, now)}`,
  );
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

/** All about one environment. */
export function environmentPage(report: EnvironmentReport, canvas: Canvas): string {
  const { place, status, progress } = report;
  const { colour, now } = canvas;
  const title = colour.bold(`${place.application}/${place.environment}`);
  const waiting = waitingLines(report, colour);
  if (!status) return [`${title}: nothing was ever deployed here.`, ...waiting].join('\n');
  const { committed, releases, quarantine, queue } = status;
  return [
    `${title} serves ${describeRelease(committed)}, before that ${describeRelease(releases[1] ?? null)}`,
    ...(quarantine === null ? [] : [colour.red(`quarantined: ${printable(quarantine.reason, 1000)}`)]),
    `held by ${holderLine(report, now)}`,
    ...(queue.length === 0 ? [] : [`${queue.length} waiting:`, ...queueLines(report, now)]),
    ...waiting,
    ...(progress === null ? [] : ['', progressTable(progress, canvas)]),
    ...historyTable(report, colour),
  ].join('\n');
}

function overviewRow({ place, status, waiting, progress }: EnvironmentReport): string[] {
  if (!status)
    return [
      place.environment,
      'never deployed',
      '',
      '',
      waiting.length === 0 ? '' : `${waiting.length} awaiting approval`,
    ];
  const remarks = [
    ...(status.quarantine === null ? [] : ['quarantined']),
    ...(waiting.length === 0 ? [] : [`${waiting.length} awaiting approval`]),
  ];
  const running = status.holder ? `${status.holder.version} ${progress?.phase ?? ''}`.trim() : '';
  const queued = status.queue.length === 0 ? '' : String(status.queue.length);
  return [place.environment, describeRelease(status.committed), running, queued, remarks.join(', ')];
}

/** All environments of an application, a line each. */
export function overview(reports: readonly EnvironmentReport[], colour: ChalkInstance): string {
  const heads = ['environment', 'serves', 'running', 'queue', ''];
  const table = new Table({ ...PLAIN_TABLE, head: heads.map((head) => colour.dim(head)) });
  table.push(...reports.map(overviewRow));
  return table.toString();
}
