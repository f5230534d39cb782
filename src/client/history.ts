import { defineSearchAttributeKey } from '@temporalio/common';
import type { FinishedRun, RunKind } from '../domain/environment-state.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { statusIfAnswered, type Place } from './environments.js';
import { listedRuns, type ListedRun } from './runs.js';
import type { Session } from './session.js';

const outcomeKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.outcome, 'KEYWORD');

/** A run as the past knows it. Times are ISO 8601 in UTC. */
export interface PastRun {
  readonly deploymentId: string;
  /** `null`: the server has forgotten it, and only the environment remembers that it ended. */
  readonly workflowId: string | null;
  readonly kind: RunKind | null;
  /** Empty where a recovery did not say it. */
  readonly version: string;
  /** Of a run that goes on; `null`: it ended, or did not say yet. */
  readonly phase: string | null;
  /** `null`: it goes on, or was ended from outside and nobody can say what came of it. */
  readonly outcome: string | null;
  readonly isRunning: boolean;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** What it said at its end, where the environment remembers that. */
  readonly message: string | null;
}

function pastRun({ run, info }: ListedRun, remembered: FinishedRun | undefined): PastRun {
  const { deploymentId, workflowId, kind, version, phase } = run;
  const isRunning = info.status.name === 'RUNNING';
  const said = info.typedSearchAttributes.get(outcomeKey) ?? null;
  return {
    deploymentId,
    workflowId,
    kind,
    version,
    phase: isRunning ? phase : null,
    // One that was terminated did not say; the environment knows what became of its hosts.
    outcome: said ?? (isRunning ? null : (remembered?.outcome ?? null)),
    isRunning,
    startedAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString() ?? null,
    message: remembered?.message ?? null,
  };
}

function forgotten({ deploymentId, version, outcome, message, at }: FinishedRun): PastRun {
  return {
    deploymentId,
    workflowId: null,
    kind: null,
    version,
    phase: null,
    outcome,
    isRunning: false,
    startedAt: null,
    endedAt: at,
    message,
  };
}

/** When a run has its place in time: as it began, or, where nobody knows that any more, as it ended. */
function momentOf({ startedAt, endedAt }: PastRun): string {
  return startedAt ?? endedAt ?? '';
}

/**
 * The latest runs of an environment, newest first: those that the server knows, and those that only the environment remembers.
 * Needs no worker, but says more when there is one.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED
 */
export async function pastRuns(session: Session, place: Place, limit: number): Promise<PastRun[]> {
  const status = await statusIfAnswered(session, place);
  const remembered = new Map((status?.history ?? []).map((run) => [run.deploymentId, run]));
  const runs: PastRun[] = [];
  for await (const listed of listedRuns(session, place)) {
    runs.push(pastRun(listed, remembered.get(listed.run.deploymentId)));
    remembered.delete(listed.run.deploymentId);
    if (runs.length === limit) break;
  }
  // A full list may hold them further down.
  if (runs.length < limit) runs.push(...[...remembered.values()].map(forgotten));
  return runs.sort((a, b) => momentOf(b).localeCompare(momentOf(a))).slice(0, limit);
}
