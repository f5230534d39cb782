import { CancellationScope, log, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Holder, LeaveNotice } from '../domain/environment-state.js';
import { isRollback, type Outcome } from '../domain/outcome.js';
import { describeRelease, type Release } from '../domain/release.js';
import type { Began, Grant, RunRecord } from '../domain/run.js';
import { describeReadings } from '../domain/verdict.js';
import { duties, steps } from './activities.js';
import { Board } from './board.js';
import { lostOf } from './ending.js';
import { incidentOf } from './incident.js';
import * as messages from './messages.js';
import type { Target } from './run.js';
import { isWhole } from './versions.js';
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
  const begun = gone.began !== null && (await hasBegun(request, gone.began));
  const result = gone.began === null ? null : await restore(request, gone.began, board, begun);
  const outcome = outcomeOf(gone, result, begun);
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
    // Where the gone run had decided, lost hosts are to follow the others.
    ...(result && (outcome !== 'PARTIAL' || gone.decided) ? { committed: to } : {}),
    // A rejoin was about one host, and says nothing of the others.
    ...(result && outcome !== 'PARTIAL' && gone.kind !== 'rejoin' ? { consistent: true } : {}),
    ...(result && outcome === 'PARTIAL' ? { lost: lostOf(result.readings) } : {}),
  };
}

/**
 * Whether the gone run may have changed what serves. Between its word that it will and its first activation it only staged, and
 * users noticed nothing.
 */
async function hasBegun(
  { application, environment, gone, to }: RollbackRequest,
  { hosts }: Began,
): Promise<boolean> {
  if (!isWhole() || gone.kind === 'rollback' || gone.decided) return true;
  const { deploymentId } = gone;
  try {
    const found = await steps.tracesOf.executeWithOptions(
      { startToCloseTimeout: '2m', summary: `what ${deploymentId} began; ${describeRelease(to)} was there` },
      [{ application, environment, deploymentId, hosts }],
    );
    return found.length > 0;
  } catch (error) {
    log.warn('nobody could say what the gone run began', { deploymentId, error: String(error) });
    return true;
  }
}

function restore(request: RollbackRequest, began: Began, board: Board, begun: boolean): Promise<BroughtBack> {
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
    failed: gone.decided || !begun ? null : gone.version,
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
function outcomeOf(gone: Holder, result: BroughtBack | null, begun: boolean): Outcome {
  if (!result) return 'WITHDRAWN';
  // What was still on its way to a host may have arrived after the look; the restore has ended it, and says so.
  if (!begun && !result.changed && result.outcome === 'ROLLED_BACK') return 'WITHDRAWN';
  if (gone.kind === 'rollback') return result.outcome;
  return gone.decided && result.outcome !== 'PARTIAL' ? 'SUCCEEDED' : result.outcome;
}

function sentence(request: RollbackRequest, outcome: Outcome, result: BroughtBack | null): string {
  const gone = `The run ${request.gone.deploymentId} was terminated or lost`;
  if (!result || outcome === 'WITHDRAWN') return `${gone} before it changed what serves.`;
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
    failure: what.outcome === 'SUCCEEDED' ? null : { code: 'RUN_TERMINATED', message: what.message },
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
