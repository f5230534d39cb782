import type { PreflightLevel } from './preflight.js';
import { ALWAYS, type WindowPolicy } from './windows.js';

/** What an environment asks of a run (spec S20); every value comes from `safeguard.yaml` or its preset. Times in seconds. */
export interface Policy {
  readonly approval: ApprovalPolicy;
  readonly queue: {
    /** How long a run waits for the environment at most; `null`: as long as it takes. */
    readonly maxWaitSeconds: number | null;
    /** Of several deployments that wait only the newest matters. */
    readonly supersede: boolean;
  };
  readonly windows: WindowPolicy;
  readonly release: ReleasePolicy;
  readonly retries: { readonly tries: number; readonly delaySeconds: number };
  readonly stepTimeoutSeconds: number;
  readonly runTimeoutSeconds: number;
  readonly compensation: {
    readonly delaySeconds: number;
    readonly giveUpAfterSeconds: number;
    /** How long a restored release is given before it is judged (spec S14). */
    readonly stabiliseSeconds: number;
  };
  /** How long a host serves a release that is not committed without hearing from the run, before it goes back by itself. */
  readonly leaseSeconds: number;
  /** Spec S15. `logSeconds` of service logs; no way back waits longer than `limitSeconds` for it. */
  readonly forensics: {
    readonly enabled: boolean;
    readonly limitSeconds: number;
    readonly logSeconds: number;
  };
  readonly checks: CheckPolicy;
  /** How much is looked at before the first change (spec S3). */
  readonly preflight: PreflightLevel;
  readonly keepReleases: number;
}

/** Who has to say yes to a plan (spec S4). */
export interface ApprovalPolicy {
  readonly required: boolean;
  /** How long people are waited for. */
  readonly timeoutSeconds: number;
  /** Who asked for the run can't approve it. */
  readonly fourEyes: boolean;
  /** How many different people. */
  readonly count: number;
  /** By name of the group; so many of its members must be among those who approve. Empty: anybody may. */
  readonly groups: Readonly<Record<string, { readonly members: readonly string[]; readonly count: number }>>;
  /** An approval that is older when the environment is free is void; `null`: none grows old. */
  readonly validSeconds: number | null;
  /** `required`: only approvals whose SSH signature was verified count. */
  readonly signatures: 'required' | 'optional';
}

/** What is asked of a release's origin (spec S1); judged by GitHub where it is configured. */
export interface ReleasePolicy {
  /** The tag of the version must exist; `null`: needs none. `{version}` stands for the version. */
  readonly tag: string | null;
  /** The commit must be on one of these branches; `null`: on any, or none. */
  readonly branches: readonly string[] | null;
  /** `required`: those that GitHub's branch protection requires; names: these; `null`: none. */
  readonly checks: 'required' | readonly string[] | null;
}

/** What policies say that earlier versions of this code did not know. */
const UNSAID = {
  approval: { count: 1, groups: {}, validSeconds: null, signatures: 'optional' },
  queue: { maxWaitSeconds: null, supersede: false },
  windows: ALWAYS,
  release: { tag: null, branches: null, checks: null },
  preflight: 'basic',
} as const satisfies Partial<Record<keyof Policy, unknown>>;

/** A policy that an earlier version of this code handed to a run, brought to today's shape. */
export function completed(policy: Policy): Policy {
  return { ...UNSAID, ...policy, approval: { ...UNSAID.approval, ...policy.approval } };
}

/** How checks are carried out (spec S10). */
export interface CheckPolicy {
  readonly attempts: number;
  readonly pageAttempts: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly phaseTimeoutSeconds: number;
  readonly slowMs: number;
  /** How long a release that passed has to go on passing before it counts as healthy; earlier versions leave it out, and have none. */
  readonly stabiliseSeconds?: number;
}
