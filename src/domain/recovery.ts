import type { Manifest } from './manifest.js';
import type { HostRef } from './plan.js';
import type { Policy } from './policy.js';
import type { Release } from './release.js';
import type { DeploymentResult } from './run.js';

/**
 * What can be asked of an environment beside a deployment.
 * - `converge`: bring every host to the committed release, whatever it serves now
 * - `rollback`: bring every host to an earlier release; `to`: its version, `null`: the one committed before; `components`: only
 *   these go back, the others stay as they are, which makes a composite release; `null`: all
 * - `rejoin`: bring an evicted host to the committed release, and count it in again
 * - `withdraw`: take an evicted host out of traffic, and the others to the committed release; asked by the environment itself
 */
export type RecoveryWish =
  | { readonly kind: 'converge'; readonly adopt: string | null }
  | { readonly kind: 'rollback'; readonly to: string | null; readonly components: readonly string[] | null }
  | { readonly kind: 'rejoin'; readonly host: string }
  | { readonly kind: 'withdraw'; readonly host: HostRef };

export type RecoveryKind = RecoveryWish['kind'];

/** A recovery as it is asked for; its id is of the same form as a deployment's. */
export interface RecoveryRequest {
  readonly application: string;
  readonly environment: string;
  readonly deploymentId: string;
  /** Who asked; nothing proved it. `safeguard`: the environment itself. */
  readonly requestedBy: string;
  readonly reason: string;
  readonly wish: RecoveryWish;
  /** Look and say what would be done; change nothing. */
  readonly dryRun: boolean;
}

/** What a recovery will do, decided before it does anything. */
export interface RecoveryPlan {
  /** What the environment serves by its own memory. */
  readonly from: Release | null;
  /** What every host is to serve; `null`: nothing. */
  readonly to: Release | null;
  readonly hosts: readonly HostRef[];
  /** How hosts make the target from what lies on them, where it is a composite release that they lack. */
  readonly compose: {
    readonly manifest: Manifest;
    readonly sources: Readonly<Record<string, string>>;
  } | null;
  readonly policy: Policy;
  /** The schema was left in doubt, and is to be looked after too. */
  readonly settles: boolean;
  /** Hosts that lack the target, or whose files of it were altered: it is sent to them before anything is changed. */
  readonly supply: readonly string[];
  /** What state files are to say, because one of them says another release than the target; left out: they stay as they are. */
  readonly stateFile?: { readonly previousVersion: string | null };
  /** Host → sentences on what is not yet as it is to be; empty: nothing is to be done there. */
  readonly would: Readonly<Record<string, readonly string[]>>;
  /** The environment's other hosts, where the recovery is about one only. */
  readonly peers?: readonly HostRef[];
  /** The version that hosts still have to leave after a run that got stuck; playbooks that undo what it did are carried out. */
  readonly leaves?: string;
  /** Hosts that do not answer. */
  readonly silent: readonly string[];
}

/** How a recovery ends; `plan`: what was found, or `null` when it did not come to that. */
export type RecoveryResult = Omit<DeploymentResult, 'plan'> & { readonly plan: RecoveryPlan | null };

/** A host that a person took out of an environment (audited; it comes back only by `rejoin`). */
export interface Eviction {
  readonly host: HostRef;
  readonly by: string;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The host itself was seen to be out of traffic. */
  readonly withdrawn: boolean;
}

/** What `verify` found on one host, compared with the committed release. */
export interface VerifiedHost {
  readonly host: string;
  readonly evicted: boolean;
  readonly state: 'serves' | 'differs' | 'unknown';
  /** Sentences; empty when it serves exactly the committed release. */
  readonly differences: readonly string[];
}

/** Answer of the `verify` workflow: nothing was changed. */
export interface Verification {
  readonly environment: string;
  /** The committed release, as `2.0.0 (d96a9e9f)`; `nothing` when there is none. */
  readonly committed: string;
  /** Every host that is not evicted serves the committed release, and the schema is in its range. */
  readonly consistent: boolean;
  readonly hosts: readonly VerifiedHost[];
  /** `null` where the release has no schema. */
  readonly schema: {
    readonly version: string | null;
    readonly differences: readonly string[];
  } | null;
  /** A run that is changing the environment now; differences may be its work. */
  readonly holder: string | null;
}

/** What is not as it should be, a sentence each: `web-1: backend serves 1.0.0`. */
export function differencesOf({ hosts, schema }: Verification): string[] {
  const counted = hosts.filter(({ evicted }) => !evicted);
  return [
    ...counted.flatMap(({ host, differences }) => differences.map((what) => `${host}: ${what}`)),
    ...(schema?.differences ?? []).map((what) => `schema: ${what}`),
  ];
}
