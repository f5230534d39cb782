import type { Policy } from '../domain/policy.js';

/** What spec S20 sets apart for each policy beside that; all but `smoke` is carried out by no part of this version yet. */
export interface Intentions {
  readonly backup: 'optional' | 'always' | 'verified';
  readonly smoke: 'essential' | 'full' | 'extended';
  readonly channels: readonly string[];
}

/** One value of a policy, under the name that it has in `safeguard.yaml`. */
export interface PolicyKey {
  /** Below the environment: `approval.count`. */
  readonly key: string;
  readonly read: (policy: Policy, intentions: Intentions) => unknown;
  /** The key that decides it where the file does not say it itself. */
  readonly follows?: string;
  /** Seconds are shown as the file has them: `10m`. */
  readonly unit?: 'seconds';
  /** Said, but not yet carried out. */
  readonly idle?: true;
}

/** Every value of a policy; a test holds it to {@link Policy}. */
export const POLICY_KEYS: readonly PolicyKey[] = [
  { key: 'approval.required', read: ({ approval }) => approval.required },
  { key: 'approval.count', read: ({ approval }) => approval.count },
  { key: 'approval.groups', read: ({ approval }) => approval.groups },
  { key: 'approval.four_eyes', read: ({ approval }) => approval.fourEyes },
  {
    key: 'approval.signatures',
    read: ({ approval }) => approval.signatures,
    follows: 'approval.allowed_signers',
  },
  { key: 'approval.timeout', read: ({ approval }) => approval.timeoutSeconds, unit: 'seconds' },
  { key: 'approval.valid_for', read: ({ approval }) => approval.validSeconds, unit: 'seconds' },
  { key: 'queue.max_wait', read: ({ queue }) => queue.maxWaitSeconds, unit: 'seconds' },
  { key: 'queue.supersede', read: ({ queue }) => queue.supersede },
  { key: 'windows.timezone', read: ({ windows }) => windows.timezone },
  { key: 'windows.freeze', read: ({ windows }) => windows.freeze },
  { key: 'windows.allowed', read: ({ windows }) => windows.allowed },
  { key: 'release_checks.tag', read: ({ release }) => release.tag },
  { key: 'release_checks.branches', read: ({ release }) => release.branches },
  { key: 'release_checks.checks', read: ({ release }) => release.checks },
  { key: 'retries.tries', read: ({ retries }) => retries.tries },
  { key: 'retries.delay', read: ({ retries }) => retries.delaySeconds, unit: 'seconds' },
  { key: 'limits.step', read: (policy) => policy.stepTimeoutSeconds, unit: 'seconds' },
  { key: 'limits.run', read: (policy) => policy.runTimeoutSeconds, unit: 'seconds' },
  { key: 'limits.rollback', read: ({ compensation }) => compensation.giveUpAfterSeconds, unit: 'seconds' },
  {
    key: 'limits.rollback_delay',
    read: ({ compensation }) => compensation.delaySeconds,
    unit: 'seconds',
    follows: 'limits.rollback',
  },
  { key: 'limits.stabilise', read: ({ compensation }) => compensation.stabiliseSeconds, unit: 'seconds' },
  { key: 'limits.lease', read: (policy) => policy.leaseSeconds, unit: 'seconds' },
  { key: 'forensics.enabled', read: ({ forensics }) => forensics.enabled },
  { key: 'forensics.limit', read: ({ forensics }) => forensics.limitSeconds, unit: 'seconds' },
  { key: 'forensics.logs', read: ({ forensics }) => forensics.logSeconds, unit: 'seconds' },
  { key: 'checks.attempts', read: ({ checks }) => checks.attempts },
  { key: 'checks.page_attempts', read: ({ checks }) => checks.pageAttempts },
  { key: 'checks.interval', read: ({ checks }) => checks.intervalSeconds, unit: 'seconds' },
  { key: 'checks.timeout', read: ({ checks }) => checks.timeoutSeconds, unit: 'seconds' },
  { key: 'checks.phase', read: ({ checks }) => checks.phaseTimeoutSeconds, unit: 'seconds' },
  { key: 'checks.slow_ms', read: ({ checks }) => checks.slowMs },
  { key: 'checks.stabilise', read: ({ checks }) => checks.stabiliseSeconds, unit: 'seconds' },
  { key: 'smoke.set', read: (_policy, { smoke }) => smoke },
  { key: 'preflight.level', read: (policy) => policy.preflight },
  { key: 'keep_releases', read: (policy) => policy.keepReleases },
  { key: 'backup.mode', read: (_policy, { backup }) => backup, idle: true },
  { key: 'incidents.channels', read: (_policy, { channels }) => channels, idle: true },
];

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds as `safeguard.yaml` has them: `90s`, `10m`, `24h`. */
export function inWords(seconds: number): string {
  const [unit, size] = UNITS.find(
    ([name, length]) => name !== 'd' && seconds >= length && seconds % length === 0,
  ) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

/** One line of an environment's policy, as people and programs read it. */
export interface PolicyLine {
  readonly key: string;
  readonly value: unknown;
  /** `safeguard.yaml:12:7`, or `preset production`. */
  readonly from: string;
  /** False where no part of this version acts by it yet. */
  readonly carriedOut: boolean;
}

/** A whole policy with the origin of each value; `placeOf`: where the file says it, `null` where it does not. */
export function policyLines(
  preset: string,
  policy: Policy,
  intentions: Intentions,
  placeOf: (key: string) => string | null,
): PolicyLine[] {
  const first = { key: 'policy', value: preset, from: placeOf('policy') ?? 'default', carriedOut: true };
  const lines = POLICY_KEYS.map(({ key, read, unit, idle, follows }) => {
    const value = read(policy, intentions);
    return {
      key,
      value: unit === 'seconds' && typeof value === 'number' ? inWords(value) : value,
      from: placeOf(key) ?? (follows === undefined ? null : placeOf(follows)) ?? `preset ${preset}`,
      carriedOut: idle !== true,
    };
  });
  return [first, ...lines];
}
