import { CancellationScope, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Holder, LeaveNotice } from '../domain/environment-state.js';
import { isRollback, type Outcome } from '../domain/outcome.js';
import { describeRelease, type Release } from '../domain/release.js';
import type { Grant, RunRecord } from '../domain/run.js';
import { describeReadings } from '../domain/verdict.js';
import { duties } from './activities.js';
import { Board } from './board.js';
import { lostOf } from './ending.js';
import { incidentOf } from './incident.js';
import * as messages from './messages.js';
import type { Target } from './run.js';
import { bringBack, type BroughtBack, type WayBack } from './way-back.js';

/** An environment whose holder is gone. */
export interface RollbackRequest extends Target {
  readonly gone: Holder;
  /** What every host is to serve. */
  readonly to: Release | null;
  /** An epoch above the gone run's: what of it still lives can't write any more. */
  readonly grant: Grant;
}

/** Brings every host to one release after a run was terminated, and leaves the record that it could not. Can't be cancelled. */
export function rollback(request: RollbackRequest): Promise<LeaveNotice> {
  return CancellationScope.nonCancellable(() => takeBack(request));
}

async function takeBack(request: RollbackRequest): Promise<LeaveNotice> {
  const { gone, to } = request;
  const startedAt = new Date().toISOString();
  const board = new Board({
    deploymentId: gone.deploymentId,
    environment: request.environment,
    version: gone.version,
  });
  setHandler(messages.progress, () => board.read());
  board.planned(request.grant.committed?.version ?? null, '');
  board.enter('rolling-back', `The run that held ${request.environment} is gone.`);
  const result = gone.began === null ? null : await restore(request, gone.began, board);
  const outcome = outcomeOf(gone, result);
  const message = sentence(request, outcome, result);
  board.end(outcome, message);

  const record = recordOf(request, { startedAt, outcome, message, board, result });
  await duties.record(record);
  if (isRollback(outcome)) await duties.incident(incidentOf(record, gone.kind));
  return {
    deploymentId: gone.deploymentId,
    runId: gone.runId,
    outcome,
    message,
    ...(result && outcome !== 'PARTIAL' ? { committed: to, consistent: true } : {}),
    ...(result && outcome === 'PARTIAL' ? { lost: lostOf(result.readings) } : {}),
  };
}

function restore(
  request: RollbackRequest,
  began: NonNullable<Holder['began']>,
  board: Board,
): Promise<BroughtBack> {
  const { application, environment, to, gone, grant } = request;
  const state = {
    deploymentId: gone.deploymentId,
    previousVersion: began.from?.version ?? null,
    startedAt: gone.grantedAt,
    by: gone.requestedBy,
  };
  let stepCount = 0;
  const way: WayBack = {
    application,
    environment,
    deploymentId: gone.deploymentId,
    hosts: began.hosts,
    to,
    policy: began.policy,
    board,
    failed: gone.decided ? null : gone.version,
    migrated: began.migrates,
    nextStep: () => (stepCount += 1),
    token: (step, tryNumber) => ({
      incarnation: grant.incarnation,
      epoch: grant.epoch,
      run: `${gone.deploymentId}-rollback`,
      step,
      try: tryNumber,
    }),
  };
  return bringBack(way, gone.decided ? state : null);
}

/** A gone run that had decided to go through was finished, not undone; that its checks fail now is another matter. */
function outcomeOf(gone: Holder, result: BroughtBack | null): Outcome {
  if (!result) return 'WITHDRAWN';
  if (gone.kind === 'rollback') return result.outcome;
  return gone.decided && result.outcome !== 'PARTIAL' ? 'SUCCEEDED' : result.outcome;
}

function sentence(request: RollbackRequest, outcome: Outcome, result: BroughtBack | null): string {
  const gone = `The run ${request.gone.deploymentId} was terminated or lost`;
  if (!result) return `${gone} before it changed anything.`;
  if (outcome === 'PARTIAL') return `${gone}. PARTIAL: ${describeReadings(result.readings)}.`;
  return `${gone}; every host serves ${describeRelease(request.to)}${result.health?.healthy === false ? ', but checks fail' : ''}.`;
}

function recordOf(
  { gone, application, environment, grant }: RollbackRequest,
  what: { startedAt: string; outcome: Outcome; message: string; board: Board; result: BroughtBack | null },
): RunRecord {
  const endedAt = new Date().toISOString();
  return {
    schema: 'safeguard/record/v1',
    kind: 'rollback',
    deploymentId: gone.deploymentId,
    workflowId: workflowInfo().workflowId,
    application,
    environment,
    version: gone.version,
    digest: gone.began?.to?.digest ?? null,
    previousVersion: grant.committed?.version ?? null,
    gitSha: gone.began?.to?.gitSha ?? null,
    requestedBy: gone.requestedBy,
    startedAt: gone.grantedAt,
    endedAt,
    outcome: what.outcome,
    message: what.message,
    failure: what.outcome === 'SUCCEEDED' ? null : { code: 'ABORTED', message: what.message },
    interruption: {
      kind: 'holder-gone',
      by: 'unknown',
      reason: 'the workflow was closed without a word',
      at: what.startedAt,
    },
    decisions: [],
    planHash: null,
    steps: what.board.steps,
    migrationsApplied: [],
    health: what.result?.health ?? null,
    readings: what.result?.readings ?? [],
    forensics: what.result?.forensics ?? [],
  };
}
