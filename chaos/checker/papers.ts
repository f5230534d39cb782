import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change } from './facts.js';
import { runOf } from './overlaps.js';
import type { AcceptedRun, Rest, Violation } from './types.js';
import { violation } from './violation.js';

/** A record or an incident marker, as far as it matters here. */
export interface Paper {
  readonly file: string;
  readonly type: 'record' | 'incident';
  readonly deploymentId: string;
  readonly workflowId: string;
  /** What the run was for; incidents don't say it. */
  readonly kind: string;
  readonly outcome: string;
}

const TYPES: Readonly<Record<string, Paper['type']>> = {
  'safeguard/record/v1': 'record',
  'safeguard/incident/v1': 'incident',
};
/** Outcomes after which hosts serve what they served before, or nobody knows what: docs of the outcome say so to users. */
const TAKEN_BACK = ['ROLLED_BACK', 'ROLLED_BACK_UNHEALTHY', 'PARTIAL'];
/** Repairs need no incident of their own: the rollback before them had one. */
const WITH_INCIDENT = ['deployment', 'rollback'];
const FORWARD = ['SUCCEEDED', 'NOOP', 'DRY_RUN', 'HELD_BACK'];

/** A paper by its text; `null` for what is none. @throws SyntaxError for what is no JSON */
export function parsePaper(file: string, text: string): Paper | null {
  const read = JSON.parse(text) as Record<string, unknown> | null;
  const said = (key: string): string => (typeof read?.[key] === 'string' ? read[key] : '');
  const type = TYPES[said('schema')];
  if (!type) return null;
  const [deploymentId, workflowId, outcome] = [said('deploymentId'), said('workflowId'), said('outcome')];
  return { file, type, deploymentId, workflowId, outcome, kind: said('kind') };
}

/** Every record and incident below a directory, under whatever name, and what can't be read. */
export async function readPapers(directory: string): Promise<{ papers: Paper[]; broken: string[] }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json'));
  const papers: Paper[] = [];
  const broken: string[] = [];
  for (const entry of files) {
    const file = join(entry.parentPath, entry.name);
    try {
      const paper = parsePaper(file, await readFile(file, 'utf8'));
      if (paper) papers.push(paper);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      broken.push(file);
    }
  }
  return { papers, broken };
}

/** Whether a run had asked for the environment, by its history: from then on the environment knows of it. */
export function hadAsked(history: string | undefined): boolean {
  const decoded = (history ?? '').replace(/"data":\s*"([A-Za-z0-9+/=]+)"/g, (_, data: string) =>
    Buffer.from(data, 'base64').toString('latin1'),
  );
  const { scheduled, completed } = activities(history ?? '');
  return [...scheduled].some((id) => completed.has(id)) || /activity_type"?:\s*"enqueue"/.test(decoded);
}

interface HistoryEvent {
  readonly eventId?: string | number;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType?: { readonly name?: string };
  } | null;
  readonly activityTaskCompletedEventAttributes?: { readonly scheduledEventId?: string | number } | null;
}

function activities(history: string): { scheduled: Set<string>; completed: Set<string> } {
  const { events = [] } = JSON.parse(history === '' ? '{}' : history) as { events?: HistoryEvent[] };
  const asking = events.filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'enqueue',
  );
  const done = events.flatMap((event) => event.activityTaskCompletedEventAttributes?.scheduledEventId ?? []);
  return {
    scheduled: new Set(asking.map(({ eventId }) => String(eventId))),
    completed: new Set(done.map(String)),
  };
}

/** Whether hosts were taken back in a run that did not go through, by systemd's word on them. */
function tookBack(name: string, run: AcceptedRun | undefined, changes: readonly Change[]): boolean {
  if (run?.status !== 'FAILED' && run?.status !== 'CANCELLED') return false;
  const own = changes.filter(({ unit }) => runOf(name, unit) === run.deploymentId);
  const activated = own.find(({ operation }) => operation === 'activate');
  return own.some(({ operation, from }) => operation === 'restore' && activated && from > activated.from);
}

function judgeRecords(
  rest: Rest,
  id: string,
  run: AcceptedRun | undefined,
  records: readonly Paper[],
): Violation[] {
  const [record, second] = records;
  const say = (what: string, evidence: unknown): Violation[] => [violation('I4', null, what, evidence)];
  if (second) return say(`The run ${id} has ${records.length} records`, records);
  if (!record) {
    const unheard = run?.status === 'TERMINATED' && !hadAsked(rest.histories.get(run.workflowId));
    return !run || unheard || run.status === 'RUNNING' ? [] : say(`The run ${id} has no record`, run);
  }
  if (!run)
    return record.kind === 'deployment' ? say(`${id} has a record, and nobody started it`, record) : [];
  const evidence = { run, record };
  const endedByItself = ['COMPLETED', 'FAILED', 'CANCELLED'].includes(run.status);
  if (endedByItself && record.workflowId !== run.workflowId)
    return say(`The record of the run ${id} was written by another workflow`, evidence);
  const wentThrough =
    FORWARD.includes(record.outcome) || (record.kind === 'rollback' && record.outcome === 'ROLLED_BACK');
  if (endedByItself && wentThrough !== (run.status === 'COMPLETED'))
    return say(`The run ${id} has ended as ${run.status}, and its record says ${record.outcome}`, evidence);
  return [];
}

function judgeIncidents(
  id: string,
  needed: boolean,
  incidents: readonly Paper[],
  evidence: object,
): Violation[] {
  const count = needed ? 1 : 0;
  if (incidents.length === count) return [];
  const what =
    incidents.length === 0
      ? `The rollback of ${id} has no incident`
      : needed
        ? `The rollback of ${id} has ${incidents.length} incidents`
        : `${id} has an incident, and nothing was rolled back`;
  return [violation('I4', null, what, { ...evidence, incidents })];
}

/** One record for each run, and one incident for each rollback. `changes`: of all hosts. */
export function judgePapers(
  rest: Rest,
  { papers, broken }: { papers: readonly Paper[]; broken: readonly string[] },
  changes: readonly Change[],
): Violation[] {
  const name = `${rest.application}-${rest.environment}`;
  const runs = new Map(rest.runs.map((run) => [run.deploymentId, run]));
  const ids = new Set([...runs.keys(), ...papers.map(({ deploymentId }) => deploymentId)]);
  const unreadable = broken.map((file) => violation('I4', null, 'A record can not be read', file));
  const ofRuns = [...ids].flatMap((id) => {
    const run = runs.get(id);
    const own = papers.filter(({ deploymentId }) => deploymentId === id);
    const records = own.filter(({ type }) => type === 'record');
    const incidents = own.filter(({ type }) => type === 'incident');
    const recorded = records.some(
      ({ kind, outcome }) => WITH_INCIDENT.includes(kind) && TAKEN_BACK.includes(outcome),
    );
    // Without a record nobody can say that the incident is one too many.
    const happened =
      tookBack(name, run, changes) || (records.length === 0 && run !== undefined && incidents.length > 0);
    return [
      ...judgeRecords(rest, id, run, records),
      ...judgeIncidents(id, recorded || happened, incidents, { run, records, happened }),
    ];
  });
  return [...unreadable, ...ofRuns];
}
