import {
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  setHandler,
  sleep,
  workflowInfo,
  type SignalDefinition,
} from '@temporalio/workflow';
import type { HealthReport } from '../domain/check.js';
import type { RunKind } from '../domain/environment-state.js';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import type { PreflightReport } from '../domain/preflight.js';
import type { Release } from '../domain/release.js';
import type {
  DeploymentRequest,
  Grant,
  Interruption,
  Provenance,
  RecordedDecision,
  StepToken,
} from '../domain/run.js';
import type { SmokeReport } from '../domain/smoke-report.js';
import type { HostReading } from '../domain/verdict.js';
import { inform } from './activities.js';
import { Board } from './board.js';
import { abortOf, INTERNAL } from './descriptions.js';
import { refuseEarlyDecisions } from './early-decisions.js';
import { coded } from './failures.js';
import * as messages from './messages.js';
import { isChecked, isGoverned, isLean } from './versions.js';
import type { BroughtBack } from './way-back.js';

/** What must be known of the environment to work on its hosts. */
export interface Target {
  readonly application: string;
  readonly environment: string;
}

/**
 * One deployment while it runs: what it was asked, what it was told, what it found. Workflow functions read and write it;
 * nothing outside the workflow sees it but through the board.
 */
export class Run {
  readonly startedAt = new Date().toISOString();
  readonly workflowId = workflowInfo().workflowId;
  readonly board: Board;
  readonly target: Target;
  /** See `isChecked`. */
  readonly checked = isChecked();
  /** See `isLean`. */
  readonly lean = this.checked || isLean();
  /** See `isGoverned`. */
  readonly governed = this.lean || isGoverned();
  /** Why it was asked for, where its request can't say it. */
  why = '';
  /** Set once the release was validated. */
  release: Release | null = null;
  /** What is known of the release's origin; set once it was validated. */
  provenance: Provenance | null = null;
  /** What was looked at before anything else, without what passed; set once it was validated. */
  preflight: PreflightReport | null = null;
  /** Set while the run holds the environment. */
  grant: Grant | null = null;
  /** Set from the moment that the environment may know of this run. */
  enqueued = false;
  /** How long it has waited for the environment, before it gave its place back; in milliseconds. */
  waitedMs = 0;
  /** The committed release that the plan found; the way back leads there. */
  committed: Release | null = null;
  /** Every host was seen to hold what it takes to be brought back, and what was seen is kept. */
  captured = false;
  /** What renews the leases of the hosts; cancelled before a way back begins, or when the run ends. */
  leases: CancellationScope | null = null;
  /** Registered before the first change of what serves; `null`: nothing is to be undone. */
  wayBack: (() => Promise<BroughtBack>) | null = null;
  /** Set from the moment that there is no way but forward. */
  decided = false;
  planHash: string | null = null;
  health: HealthReport | null = null;
  readings: readonly HostReading[] = [];
  smoke: SmokeReport | null = null;
  forensics: readonly string[] = [];
  /** Files on the runner with what speaks against the release: answers of failed checks and tests, copies of forensics. */
  diagnostics: readonly string[] = [];
  /** Hosts that a person took out of the environment while this run was on its way back. */
  readonly evicted = new Set<string>();
  migrationsApplied: readonly string[] = [];
  readonly decisions: RecordedDecision[] = [];
  /** How often people have been asked for approval. */
  asked = 0;
  interruption: Interruption | null = null;
  private stepCount = 0;
  private refusal: messages.Refusal | null = null;
  private stopForward: (() => void) | null = null;
  /** Set when the way forward has ended: who speaks up later stops nothing, and is no cause of it. */
  private over = false;

  constructor(
    readonly request: DeploymentRequest,
    /** What the run is for; only a deployment waits for approval. */
    readonly kind: RunKind = 'deployment',
  ) {
    this.board = new Board(request);
    this.target = { application: request.application, environment: request.environment };
    setHandler(messages.progress, () => this.board.read());
    setHandler(
      messages.abort,
      (said) => this.interrupt('abort', said?.by ?? 'unknown', said?.reason ?? 'no reason given'),
      abortOf(kind),
    );
    CancellationScope.current().cancelRequested.catch(() =>
      this.interrupt('cancel', 'someone', 'Cancel was requested for the workflow'),
    );
    refuseEarlyDecisions();
    setHandler(messages.granted, (grant) => void (this.grant = grant), INTERNAL);
    setHandler(messages.refused, (refusal) => void (this.refusal ??= refusal), INTERNAL);
    setHandler(messages.hostEvicted, ({ host }) => void this.evicted.add(host), INTERNAL);
  }

  /** The number of the next step; the way back goes on counting, so its tokens are always higher. */
  nextStep(): number {
    this.stepCount += 1;
    return this.stepCount;
  }

  /** The fencing token of one try of one step. */
  token(step: number, tryNumber: number): StepToken {
    if (!this.grant)
      throw coded({ code: 'INTERNAL', message: 'A step was begun without the environment’s grant.' });
    const { incarnation, epoch } = this.grant;
    return { incarnation, epoch, run: this.request.deploymentId, step, try: tryNumber };
  }

  /** Work that an abort, a Cancel in the Web UI, or the limit of the whole run may stop at any moment. */
  async interruptible<T>(work: () => Promise<T>): Promise<T> {
    const scope = new CancellationScope();
    this.stopForward = () => scope.cancel();
    // An abort may have been delivered together with the start, before there was anything to stop.
    if (this.interruption) scope.cancel();
    try {
      return await scope.run(work);
    } finally {
      this.stopForward = null;
      this.over = true;
    }
  }

  /** Stops the way forward; the first to say so counts, and a run on its way back or through is not stopped. */
  interrupt(kind: Interruption['kind'], by: string, reason: string): void {
    if (this.interruption || this.decided || this.over) return;
    this.interruption = { kind, by, reason, at: new Date().toISOString() };
    this.stopForward?.();
  }

  /** An abort or Cancel may come while the last activity ends well all the same. @throws CancelledFailure */
  assertNotInterrupted(): void {
    if (this.interruption) throw new CancelledFailure(this.interruption.reason);
  }

  /** Waits until the environment lets this run in; false when it did not say so in time. */
  async granted(withinMs: number): Promise<boolean> {
    const answered = await condition(() => this.grant !== null || this.refusal !== null, withinMs);
    if (this.refusal) {
      // It has no place that it could leave, so that it has to tell by itself how it ended.
      if (this.refusal.code === 'ENVIRONMENT_BUSY' || this.refusal.code === 'SUPERSEDED')
        this.enqueued = false;
      throw coded(this.refusal);
    }
    return answered || this.grant !== null;
  }

  /** Starts the limit of the whole run, from the grant on; the way back is exempt. Resolves when stopped. */
  startLimit(policy: Policy): CancellationScope {
    const limit = new CancellationScope();
    limit
      .run(async () => {
        await sleep(policy.runTimeoutSeconds * 1000, { summary: 'limit of the run' });
        this.interrupt('timeout', 'safeguard', `the run took longer than ${policy.runTimeoutSeconds} s`);
      })
      .catch(() => {
        // Only its own cancellation ends the timer early; that is how a run that is through stops it.
      });
    return limit;
  }
}

/** Names of hosts, for tables. */
export function names(hosts: readonly HostRef[]): string[] {
  return hosts.map((host) => host.name);
}

/** The environment's entity workflow, as runs talk to it. */
export function environmentOf(run: Run): ReturnType<typeof getExternalWorkflowHandle> {
  const { application, environment } = run.target;
  return getExternalWorkflowHandle(messages.environmentWorkflowId(application, environment));
}

/** Says something to the environment, and knows that it has arrived. The environment minds being told the same twice no more than once. */
export function tellEnvironment<Said>(run: Run, signal: SignalDefinition<[Said]>, said: Said): Promise<void> {
  return inform({ ...run.target, signal: signal.name, said }, () => environmentOf(run).signal(signal, said));
}
