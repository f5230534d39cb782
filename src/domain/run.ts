import type { Identity } from './audit.js';
import type { HealthReport } from './check.js';
import type { RunKind } from './environment-state.js';
import type { FencingToken } from './host-protocol.js';
import type { Failure, Outcome } from './outcome.js';
import type { HashedPlan, HostRef } from './plan.js';
import type { Policy } from './policy.js';
import type { PreflightReport } from './preflight.js';
import type { Progress, StepProgress } from './progress.js';
import type { Rehearsed } from './rehearsal.js';
import type { Release } from './release.js';
import type { SmokeReport } from './smoke-report.js';
import type { Switches } from './switches.js';
import type { HostReading } from './verdict.js';

/** What a client asks for. */
export interface DeploymentRequest {
  readonly application: string;
  readonly environment: string;
  readonly version: string;
  /** Unique, sortable, readable; the last part of the workflow id, and the name of every artifact of the run. */
  readonly deploymentId: string;
  /** Who asked; nothing proved it. */
  readonly requestedBy: string;
  /** Deploy although every host serves it already. */
  readonly force: boolean;
  /** Reason for taking over hosts that another life of the environment deployed to; `null`: don't. */
  readonly adopt: string | null;
  /** What to do while others hold the environment or wait for it; left out: wait. */
  readonly ifBusy?: 'wait' | 'fail';
  /** How long to wait for the environment at most; left out: as its policy says. */
  readonly maxWaitSeconds?: number;
  /** Reason to deploy although the calendar does not allow it; asks for approval. */
  readonly override?: string;
  /** Do all that changes nothing, and say what would be done. */
  readonly dryRun?: boolean;
  /** Where the release comes from, by the caller's own word. */
  readonly source?: ReleaseSource;
}

/** A release's origin. */
export interface ReleaseSource {
  /** Full SHA of the commit. */
  readonly commit: string | null;
  /** Such as `refs/tags/v1.4.2`. */
  readonly ref: string | null;
}

/** What is known of a release's origin, and who says so. */
export interface Provenance {
  /** `caller`: nobody looked; `github`: GitHub was asked. */
  readonly by: 'caller' | 'github';
  readonly commit: string | null;
  readonly ref: string | null;
  /** What was found to be in order, a sentence each; what nobody could judge is said too. */
  readonly findings: readonly string[];
}

/** Leave to change an environment: given by its entity workflow, to one run at a time. */
export interface Grant {
  readonly incarnation: string;
  readonly epoch: number;
  readonly committed: Release | null;
  /** Names of hosts that are not to be touched. */
  readonly evicted: readonly string[];
  /** Temporal's run id of the run that it was given to; a run that was reset has another. */
  readonly runId: string;
  /** What people have switched; environments of an earlier version don't say it. */
  readonly switches?: Switches;
}

/** A fencing token without Temporal's attempt, which the activity itself knows. */
export type StepToken = Omit<FencingToken, 'attempt'>;

/** What it takes to bring an environment back without the run that changed it. */
export interface Began {
  readonly deploymentId: string;
  readonly epoch: number;
  readonly from: Release | null;
  /** `null`: nothing is to run. */
  readonly to: Release | null;
  readonly hosts: readonly HostRef[];
  readonly policy: Policy;
  /** Temporal's run id of the workflow that says so. */
  readonly runId: string;
  /** The run will apply migrations, so that going back must look after the schema too. */
  readonly migrates: boolean;
}

/** A person's word on a run. `claimed` by whoever sent it. */
export interface Decision {
  readonly by: string;
  readonly comment: string;
  /** Hash of the plan that was looked at. */
  readonly planHash?: string;
  /** SSH signature of the statement (`domain/approval.ts`), as `ssh-keygen -Y sign` prints it. */
  readonly signature?: string;
}

/** An approval or rejection as it was accepted. */
export interface RecordedDecision extends Decision {
  readonly verdict: 'approved' | 'rejected';
  readonly at: string;
  readonly planHash: string;
  /** Records of earlier versions don't say it: claimed. */
  readonly identity?: Identity;
  /** SHA-256 fingerprint of the key that signed. */
  readonly key?: string;
}

/** What a deployment returns when it completes, and carries in its failure when it does not. */
export interface DeploymentResult {
  readonly deploymentId: string;
  readonly environment: string;
  readonly version: string;
  readonly outcome: Outcome;
  /** The version that every host serves now; `null` when nothing, or when nobody knows. */
  readonly serving: string | null;
  readonly message: string;
  /** What would have been done: of dry runs, and of runs that were held back. */
  readonly plan?: HashedPlan;
  /** Of dry runs in which Ansible has a part: what it said in its check mode, by host. */
  readonly rehearsal?: readonly Rehearsed[];
  /** What the preflight found, without what passed. */
  readonly preflight?: PreflightReport;
  /** How it looked at last: nobody has to ask a worker, which would go through the whole history for it. */
  readonly progress?: Progress;
}

/** The one record of a run (spec S13, its spine). Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly schema: 'safeguard/record/v1';
  readonly kind: RunKind;
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly application: string;
  readonly environment: string;
  readonly version: string;
  readonly digest: string | null;
  readonly previousVersion: string | null;
  readonly gitSha: string | null;
  readonly provenance?: Provenance | null;
  /** What the preflight found, without what passed; all of it is in `runs/<deployment-id>/preflight.json`. */
  readonly preflight?: PreflightReport;
  readonly requestedBy: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outcome: Outcome;
  readonly message: string;
  readonly failure: Failure | null;
  readonly interruption: Interruption | null;
  readonly decisions: readonly RecordedDecision[];
  readonly planHash: string | null;
  readonly steps: readonly StepProgress[];
  readonly migrationsApplied: readonly string[];
  readonly health: HealthReport | null;
  readonly readings: readonly HostReading[];
  /** Where forensics of the failed release lie: `web-1:/var/backups/…`, or why there are none. */
  readonly forensics: readonly string[];
  /** What the smoke tests of the new release came to; left out where none were carried out. */
  readonly smoke?: SmokeReport;
  /** Where the release failed its checks or smoke tests: files on the runner with the answers, and copies of the forensics. */
  readonly diagnostics?: readonly string[];
}

/** Why a run was stopped from outside. */
export interface Interruption {
  readonly kind: 'abort' | 'cancel' | 'timeout' | 'holder-gone';
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** The one mark that a rollback leaves for people (spec S17, its spine). */
export interface IncidentMarker {
  readonly schema: 'safeguard/incident/v1';
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly application: string;
  readonly environment: string;
  /** `[Production Rollback] 3.0.0 → 2.0.0` */
  readonly title: string;
  readonly failedVersion: string;
  readonly restoredVersion: string | null;
  readonly outcome: Outcome;
  readonly cause: string;
  readonly advice: string;
  /** As in the record: on the hosts, and on the runner. */
  readonly forensics?: readonly string[];
  readonly diagnostics?: readonly string[];
  readonly at: string;
}
