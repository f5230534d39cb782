import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/domain/canonical-json.js';
import {
  computePlan,
  planIntent,
  type HashedPlan,
  type HostRef,
  type PlanInput,
} from '../../src/domain/plan.js';
import type { ApprovalPolicy, Policy } from '../../src/domain/policy.js';
import { ALWAYS } from '../../src/domain/windows.js';
import type { Release } from '../../src/domain/release.js';
import type { DeploymentRequest } from '../../src/domain/run.js';

/** The hosts of every made-up environment. */
export const HOSTS: readonly HostRef[] = [
  { name: 'web-1', address: '192.0.2.1', port: 22 },
  { name: 'web-2', address: '192.0.2.2', port: 22 },
];

/** Not asked for; whoever asks for it lays over what it is to be. */
export const APPROVAL: ApprovalPolicy = {
  required: false,
  timeoutSeconds: 86_400,
  fourEyes: true,
  count: 1,
  groups: {},
  validSeconds: null,
  signatures: 'optional',
};

/** A policy without approval; `over` is laid over it. */
export function policy(over: Partial<Policy> = {}): Policy {
  return {
    approval: APPROVAL,
    queue: { maxWaitSeconds: null, supersede: false },
    windows: ALWAYS,
    release: { tag: null, branches: null, checks: null },
    retries: { tries: 3, delaySeconds: 30 },
    stepTimeoutSeconds: 600,
    runTimeoutSeconds: 21_600,
    compensation: { delaySeconds: 5, giveUpAfterSeconds: 3600, stabiliseSeconds: 1 },
    leaseSeconds: 120,
    forensics: { enabled: true, limitSeconds: 20, logSeconds: 300 },
    checks: {
      attempts: 3,
      pageAttempts: 2,
      intervalSeconds: 5,
      timeoutSeconds: 30,
      phaseTimeoutSeconds: 300,
      slowMs: 2000,
    },
    preflight: 'basic',
    keepReleases: 5,
    ...over,
  };
}

/** A release with a backend and a site, by version; its digest is made of the version. */
export function release(version: string, over: Partial<Release> = {}): Release {
  return {
    version,
    digest: createHash('sha256').update(version).digest('hex'),
    gitSha: null,
    components: [
      {
        name: 'backend',
        kind: 'systemd',
        unit: 'campus-test-backend.service',
        ready: { port: 8080, path: '/health', timeoutSeconds: 30 },
      },
      {
        name: 'frontend',
        kind: 'static',
        unit: 'nginx.service',
        ready: { port: 80, path: '/version.txt', timeoutSeconds: 30 },
      },
    ],
    schema: null,
    checks: [],
    ...over,
  };
}

/** A plan's input; from nothing to 1.0.0 unless `over` says otherwise. */
export function planInput(over: Partial<PlanInput> = {}): PlanInput {
  return {
    application: 'campus',
    environment: 'test',
    from: null,
    to: release('1.0.0'),
    hosts: HOSTS,
    alreadyServed: false,
    force: false,
    pendingMigrations: [],
    policy: policy(),
    ...over,
  };
}

/** A plan with the hash of its intent, as the `plan` activity answers. */
export function hashedPlan(over: Partial<PlanInput & HashedPlan>): HashedPlan {
  const plan = { ...computePlan(planInput(over)), ...over };
  return {
    ...plan,
    hash:
      over.hash ??
      createHash('sha256')
        .update(canonicalJson(planIntent(plan)))
        .digest('hex'),
  };
}

/** A valid request; `over` is laid over it. */
export function request(over: Partial<DeploymentRequest> = {}): DeploymentRequest {
  return {
    application: 'campus',
    environment: 'test',
    version: '1.0.0',
    deploymentId: '20260101-120000-abcdef',
    requestedBy: 'ada',
    force: false,
    adopt: null,
    ...over,
  };
}
