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
  readonly compensation: { readonly delaySeconds: number; readonly giveUpAfterSeconds: number };
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
