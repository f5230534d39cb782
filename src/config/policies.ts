import type { Policy } from '../domain/policy.js';
import type { Intentions } from './policy-keys.js';
import { ALWAYS } from '../domain/windows.js';
import type { EnvironmentSection } from './schema.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const standard: Policy = {
  approval: {
    required: true,
    timeoutSeconds: 24 * HOUR,
    fourEyes: true,
    count: 1,
    groups: {},
    validSeconds: 24 * HOUR,
    signatures: 'optional',
  },
  queue: { maxWaitSeconds: null, supersede: false },
  windows: ALWAYS,
  release: { tag: null, branches: null, checks: 'required' },
  retries: { tries: 3, delaySeconds: 30 },
  stepTimeoutSeconds: 10 * MINUTE,
  runTimeoutSeconds: 6 * HOUR,
  compensation: { delaySeconds: 5, giveUpAfterSeconds: HOUR, stabiliseSeconds: 10 },
  leaseSeconds: 2 * MINUTE,
  forensics: { enabled: true, limitSeconds: 20, logSeconds: 5 * MINUTE },
  checks: {
    attempts: 3,
    pageAttempts: 2,
    intervalSeconds: 5,
    timeoutSeconds: 30,
    phaseTimeoutSeconds: 300,
    slowMs: 2000,
    stabiliseSeconds: 0,
  },
  preflight: 'standard',
  keepReleases: 5,
};

/** The presets of spec S20, as far as this version carries them out. */
export const POLICIES: Readonly<Record<EnvironmentSection['policy'], Policy>> = {
  dev: {
    ...standard,
    approval: { ...standard.approval, required: false, fourEyes: false },
    release: { tag: null, branches: null, checks: null },
    preflight: 'basic',
  },
  uat: standard,
  production: {
    ...standard,
    approval: { ...standard.approval, signatures: 'required' },
    checks: { ...standard.checks, stabiliseSeconds: 10 },
    release: { tag: 'v{version}', branches: ['main'], checks: 'required' },
    preflight: 'strict',
  },
};

/** What spec S20 says of each policy beside that. */
const INTENTIONS: Readonly<Record<EnvironmentSection['policy'], Intentions>> = {
  dev: { backup: 'optional', smoke: 'essential', channels: ['github'] },
  uat: { backup: 'always', smoke: 'full', channels: ['github', 'slack'] },
  production: {
    backup: 'verified',
    smoke: 'extended',
    channels: ['github', 'slack', 'pagerduty', 'jira'],
  },
};

/** As {@link effectivePolicy}, for what stands beside the policy. */
export function effectiveIntentions(section: EnvironmentSection): Intentions {
  const preset = INTENTIONS[section.policy];
  return {
    backup: section.backup.mode ?? preset.backup,
    smoke: section.smoke.set ?? preset.smoke,
    channels: section.incidents.channels ?? preset.channels,
  };
}

/** Who has little patience tries often: a first delay of the usual length would use up most of it. */
function firstDelay(giveUpAfterSeconds: number, usualSeconds: number): number {
  return Math.max(1, Math.min(usualSeconds, Math.floor(giveUpAfterSeconds / 10)));
}

/** A preset with the environment's own values laid over it, key by key. */
export function effectivePolicy(section: EnvironmentSection): Policy {
  const preset = POLICIES[section.policy];
  const { approval, queue, windows, release_checks: origin, retries, limits, checks, forensics } = section;
  const giveUpAfterSeconds = limits.rollback ?? preset.compensation.giveUpAfterSeconds;
  return {
    approval: {
      required: approval.required ?? preset.approval.required,
      timeoutSeconds: approval.timeout ?? preset.approval.timeoutSeconds,
      fourEyes: approval.four_eyes ?? preset.approval.fourEyes,
      count: approval.count ?? preset.approval.count,
      groups: approval.groups ?? preset.approval.groups,
      validSeconds: approval.valid_for ?? preset.approval.validSeconds,
      // Who says which keys may sign means them to be used.
      signatures: approval.signatures ?? (approval.allowed_signers ? 'required' : preset.approval.signatures),
    },
    queue: {
      maxWaitSeconds: queue.max_wait ?? preset.queue.maxWaitSeconds,
      supersede: queue.supersede ?? preset.queue.supersede,
    },
    windows: {
      timezone: windows.timezone ?? preset.windows.timezone,
      freeze: windows.freeze ?? preset.windows.freeze,
      allowed: windows.allowed ?? preset.windows.allowed,
    },
    release: {
      tag: origin.tag === undefined ? preset.release.tag : origin.tag,
      branches: origin.branches === undefined ? preset.release.branches : origin.branches,
      checks: origin.checks === undefined ? preset.release.checks : origin.checks,
    },
    retries: {
      tries: retries.tries ?? preset.retries.tries,
      delaySeconds: retries.delay ?? preset.retries.delaySeconds,
    },
    stepTimeoutSeconds: limits.step ?? preset.stepTimeoutSeconds,
    runTimeoutSeconds: limits.run ?? preset.runTimeoutSeconds,
    compensation: {
      delaySeconds: limits.rollback_delay ?? firstDelay(giveUpAfterSeconds, preset.compensation.delaySeconds),
      giveUpAfterSeconds,
      stabiliseSeconds: limits.stabilise ?? preset.compensation.stabiliseSeconds,
    },
    leaseSeconds: limits.lease ?? preset.leaseSeconds,
    forensics: {
      enabled: forensics.enabled ?? preset.forensics.enabled,
      limitSeconds: forensics.limit ?? preset.forensics.limitSeconds,
      logSeconds: forensics.logs ?? preset.forensics.logSeconds,
    },
    checks: {
      attempts: checks.attempts ?? preset.checks.attempts,
      pageAttempts: checks.page_attempts ?? preset.checks.pageAttempts,
      intervalSeconds: checks.interval ?? preset.checks.intervalSeconds,
      timeoutSeconds: checks.timeout ?? preset.checks.timeoutSeconds,
      phaseTimeoutSeconds: checks.phase ?? preset.checks.phaseTimeoutSeconds,
      slowMs: checks.slow_ms ?? preset.checks.slowMs,
      stabiliseSeconds: checks.stabilise ?? preset.checks.stabiliseSeconds ?? 0,
    },
    preflight: section.preflight.level ?? preset.preflight,
    keepReleases: section.keep_releases ?? preset.keepReleases,
  };
}
