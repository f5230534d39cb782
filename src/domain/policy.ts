/** What an environment asks of a run (spec S20); every value comes from `safeguard.yaml` or its preset. Times in seconds. */
export interface Policy {
  readonly approval: {
    readonly required: boolean;
    readonly timeoutSeconds: number;
    readonly fourEyes: boolean;
  };
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
  readonly keepReleases: number;
}

/** How checks are carried out (spec S10). */
export interface CheckPolicy {
  readonly attempts: number;
  readonly pageAttempts: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly phaseTimeoutSeconds: number;
  readonly slowMs: number;
}
