import { ApplicationFailure, CancelledFailure, log, workflowInfo } from '@temporalio/workflow';
import type { LeaveNotice, RunKind } from '../domain/environment-state.js';
import type { Failure, Outcome } from '../domain/outcome.js';
import { isRollback } from '../domain/outcome.js';
import type { HashedPlan } from '../domain/plan.js';
import type { Rehearsed } from '../domain/rehearsal.js';
import { describeRelease, type Release } from '../domain/release.js';
import type { DeploymentResult, Interruption, RunRecord } from '../domain/run.js';
import { describeReadings, type HostReading } from '../domain/verdict.js';
import { duties } from './activities.js';
import { failureOf, placed } from './failures.js';
import { incidentOf } from './incident.js';
import * as messages from './messages.js';
import { environmentOf, type Run } from './run.js';
import { auditedUnheard, lastWords } from './trail.js';
import type { BroughtBack } from './way-back.js';

/** How a run ends: the verdict, a sentence for people, and what to tell the environment. */
export interface Ending {
  readonly outcome: Outcome;
  readonly message: string;
  readonly failure: Failure | null;
  /** What the environment serves from now on; left out when that did not change, or nobody knows. */
  readonly committed?: Release | null;
  /** What would have been done, where nothing was because of that. */
  readonly plan?: HashedPlan;
  /** What Ansible said in its check mode. */
  readonly rehearsal?: readonly Rehearsed[];
  /** What a recovery has to tell the environment beside that. */
  readonly recovered?: Pick<LeaveNotice, 'consistent' | 'rejoined' | 'withdrawn'>;
}

/** Every host serves the new release. */
export function succeeded(plan: HashedPlan): Ending {
  const hosts = plan.hosts.length === 1 ? 'the host' : `all ${plan.hosts.length} hosts`;
  return {
    outcome: 'SUCCEEDED',
    message: `${describeRelease(plan.to)} serves on ${hosts}.`,
    failure: null,
    committed: plan.to,
  };
}

const INTERRUPTION_CODES = {
  abort: 'ABORTED',
  cancel: 'ABORTED',
  timeout: 'RUN_TIMEOUT',
  'holder-gone': 'RUN_TERMINATED',
} as const;

const INTERRUPTION_WORDS: Readonly<Record<Interruption['kind'], string>> = {
  abort: 'Aborted',
  cancel: 'Cancelled',
  timeout: 'Stopped',
  'holder-gone': 'Terminated',
};

/** Why the way forward ended, and how that would end the run if nothing had been changed yet. */
export function endedUnchanged(run: Run, cause: unknown): Ending {
  if (run.interruption) {
    const { kind, by, reason } = run.interruption;
    const message = `${INTERRUPTION_WORDS[kind]} by ${by}: ${reason}.`;
    return { outcome: 'WITHDRAWN', message, failure: { code: INTERRUPTION_CODES[kind], message } };
  }
  const failure = placed(cause) ?? failureOf(cause);
  const outcome = failure.code === 'REJECTED' || failure.code === 'APPROVAL_TIMEOUT' ? 'REJECTED' : 'REFUSED';
  return { outcome, message: describeFailure(failure), failure };
}

function describeFailure(failure: Failure): string {
  const where = [failure.step, failure.host].filter((part) => part !== undefined).join(' on ');
  return where === '' ? failure.message : `${where}: ${failure.message}`;
}

/** Hosts that do not serve what they should. */
export function lostOf(readings: readonly HostReading[]): string[] {
  return readings.filter(({ state }) => state !== 'serves').map(({ host }) => host);
}

/** A cause, and the folder with what speaks for it. */
function withPlace(cause: string, [first]: readonly string[]): string {
  if (first === undefined) return cause;
  const stop = cause.endsWith('.') ? '' : '.';
  return `${cause}${stop} Diagnostics: ${first.slice(0, first.lastIndexOf('/'))}/ on the runner.`;
}

/** What the way back came to. */
export function takenBack(run: Run, stopped: Ending, result: BroughtBack): Ending {
  const to = run.committed;
  const sentences: Partial<Record<Outcome, string>> = {
    ROLLED_BACK: `Rolled back: every host serves ${describeRelease(to)} again, and it is healthy.`,
    ROLLED_BACK_UNHEALTHY: `Rolled back: every host serves ${describeRelease(to)} again, but checks fail; the cause may lie elsewhere.`,
    PARTIAL: `PARTIAL: not every host could be brought back to ${describeRelease(to)}: ${describeReadings(result.readings)}.`,
  };
  return {
    outcome: result.outcome,
    message: `${sentences[result.outcome] ?? ''} Cause: ${withPlace(stopped.message, run.diagnostics)}`,
    failure:
      result.outcome === 'PARTIAL'
        ? { code: 'PARTIAL_STATE', message: describeReadings(result.readings) }
        : stopped.failure,
  };
}

function recordOf(run: Run, ending: Ending): RunRecord {
  const { request } = run;
  return {
    schema: 'safeguard/record/v1',
    kind: run.kind,
    deploymentId: request.deploymentId,
    workflowId: run.workflowId,
    application: request.application,
    environment: request.environment,
    version: run.release?.version ?? request.version,
    digest: run.release?.digest ?? null,
    previousVersion: run.committed?.version ?? null,
    gitSha: run.release?.gitSha ?? null,
    provenance: run.provenance,
    ...(run.preflight === null ? {} : { preflight: run.preflight }),
    requestedBy: request.requestedBy,
    startedAt: run.startedAt,
    endedAt: new Date().toISOString(),
    outcome: ending.outcome,
    message: ending.message,
    failure: ending.failure,
    interruption: run.interruption,
    decisions: run.decisions,
    planHash: run.planHash,
    steps: run.board.steps,
    migrationsApplied: run.migrationsApplied,
    health: run.health,
    readings: run.readings,
    ...(run.smoke === null ? {} : { smoke: run.smoke }),
    forensics: run.forensics,
    ...(run.diagnostics.length === 0 ? {} : { diagnostics: run.diagnostics }),
  };
}

/** Each rollback has one incident (I4); what repairs an environment after it needs no other. */
function needsIncident(kind: RunKind, outcome: Outcome): boolean {
  return (kind === 'deployment' || kind === 'rollback') && isRollback(outcome);
}

/** Leaves nothing behind but the truth: the record, the incident where there was a rollback, and a free environment. */
export async function leave(run: Run, ending: Ending): Promise<void> {
  run.board.end(ending.outcome, ending.message);
  // The record of the deployment is the one of the run that was given the environment, and of what brought it back.
  if (ending.failure?.code === 'RUN_WAS_RESET') return;
  const record = recordOf(run, ending);
  await duties.record(record);
  if (needsIncident(run.kind, ending.outcome)) await duties.incident(incidentOf(record, run.kind));
  if (!run.enqueued) return auditedUnheard(run, ending);
  const { committed, outcome, message } = ending;
  const notice: LeaveNotice = {
    deploymentId: run.request.deploymentId,
    runId: workflowInfo().runId,
    outcome,
    message,
    ...(committed === undefined ? {} : { committed }),
    ...ending.recovered,
    ...(outcome === 'PARTIAL' ? { lost: lostOf(run.readings) } : {}),
    audit: lastWords(run, ending),
  };
  try {
    await environmentOf(run).signal(messages.release, notice);
  } catch (error) {
    // Somebody terminated the environment's workflow. How this run ended is true all the same, and must be what people read.
    log.warn('the environment could not be told how the run ended', { error: String(error) });
  }
}

/**
 * The workflow's own end.
 * @throws CancelledFailure when the run was cancelled, ApplicationFailure when it did not go through
 */
export function conclude(run: Run, ending: Ending): DeploymentResult {
  const { deploymentId, environment, version } = run.request;
  const { outcome, message, failure } = ending;
  const serving =
    outcome === 'PARTIAL' ? null : ending.committed === undefined ? run.committed : ending.committed;
  const result: DeploymentResult = {
    deploymentId,
    environment,
    version: run.release?.version ?? version,
    outcome,
    message,
    serving: serving?.version ?? null,
    ...(ending.plan === undefined ? {} : { plan: ending.plan }),
    ...(ending.rehearsal === undefined ? {} : { rehearsal: ending.rehearsal }),
    ...(run.preflight === null ? {} : { preflight: run.preflight }),
    progress: run.board.read(),
  };
  if (failure === null) return result;
  if (run.interruption?.kind === 'cancel') throw new CancelledFailure(message, [result]);
  throw ApplicationFailure.create({ message, type: failure.code, nonRetryable: true, details: [result] });
}
