import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { AuditLine } from '../../domain/audit.js';
import type { AuditFinding } from '../../domain/audit-check.js';
import type { CheckedTrails } from '../audit-trails.js';
import type { Terminal } from '../terminal.js';
import { printable } from './printable.js';
import { PLAIN_TABLE } from './progress-table.js';
import { moment } from './times.js';

/** Findings that are worth reading one by one; after a gap there may be as many as lines. */
const SHOWN = 20;

/** One life's trail in the answer of `safeguard audit verify --json`. */
export interface TrailReport {
  readonly incarnation: string;
  /** The environment lives this life. */
  readonly present: boolean;
  readonly lines: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly findings: readonly AuditFinding[];
}

/** The answer of `safeguard audit verify --json`. */
export interface AuditReport {
  readonly environment: string;
  readonly whole: boolean;
  /** False: Temporal or its workers were away, so that nothing vouches for the last line. */
  readonly asked: boolean;
  readonly trails: readonly TrailReport[];
}

/** What was found, without the lines themselves. */
export function auditReport(environment: string, { trails, present, asked }: CheckedTrails): AuditReport {
  return {
    environment,
    whole: trails.every(({ findings }) => findings.length === 0),
    asked,
    trails: trails.map(({ place, lines, findings }) => ({
      incarnation: place.incarnation,
      present: place.incarnation === present,
      lines: lines.length,
      from: lines[0]?.at ?? null,
      to: lines.at(-1)?.at ?? null,
      findings,
    })),
  };
}

function findingLines(findings: readonly AuditFinding[], colour: ChalkInstance): string[] {
  const shown = findings
    .slice(0, SHOWN)
    .map(({ problem, sentence }) => `  ${colour.red(problem)}: ${printable(sentence)}`);
  return findings.length > SHOWN ? [...shown, `  … and ${findings.length - SHOWN} more`] : shown;
}

function trailLines(
  { incarnation, present, lines, from, to, findings }: TrailReport,
  colour: ChalkInstance,
): string[] {
  const span = from === null || to === null ? '' : `, ${moment(from)} to ${moment(to)}`;
  const verdict = findings.length === 0 ? colour.green('whole') : colour.red('not as it was written');
  const life = `life ${printable(incarnation)}${present ? ' (the present one)' : ''}`;
  return [`${life}: ${lines} lines${printable(span)}: ${verdict}`, ...findingLines(findings, colour)];
}

/** For people: every life, and what is wrong with its trail. */
export function describeTrails(
  { environment, whole, asked, trails }: AuditReport,
  colour: ChalkInstance,
): string {
  if (trails.length === 0) return `${environment} has no audit trail yet.`;
  return [
    ...trails.flatMap((trail) => trailLines(trail, colour)),
    ...(asked
      ? []
      : [
          colour.yellow(
            'Temporal or its workers do not answer: lines that were removed at the end can’t be missed, and nothing vouches for the last one.',
          ),
        ]),
    ...(whole ? [] : ['Keep the store as it is, and find out who changed it.']),
  ].join('\n');
}

function row({
  sequence,
  at,
  action,
  by,
  identity,
  version,
  outcome,
  reason,
  deploymentId,
}: AuditLine): string[] {
  const who = identity === 'system' ? by : `${by} (${identity})`;
  const what = outcome === null ? action : `${action} ${outcome}`;
  return [
    String(sequence),
    moment(at),
    printable(what, 40),
    printable(who, 40),
    printable(version ?? '', 30),
    printable(deploymentId ?? ''),
    printable(reason, 120),
  ];
}

/** Lines of trails, for people. */
export function auditTable(environment: string, lines: readonly AuditLine[], { colour }: Terminal): string {
  if (lines.length === 0) return `The audit trail of ${environment} has no lines to show.`;
  const heads = ['line', 'when', 'what', 'who', 'version', 'deployment', 'why'];
  const table = new Table({ ...PLAIN_TABLE, head: heads.map((head) => colour.dim(head)) });
  table.push(...lines.map(row));
  return table.toString();
}

/** Said beside lines that are shown although their trail is not whole. */
export function looksWrong(environment: string, findings: readonly AuditFinding[]): string {
  return `This trail is not as it was written (${findings.length} findings): safeguard audit verify ${environment}`;
}
