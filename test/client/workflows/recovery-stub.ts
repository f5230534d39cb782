import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { CheckResult, HealthLook } from '../../../src/domain/check.js';
import { EXIT_STATUS, type Outcome } from '../../../src/domain/outcome.js';
import type { Phase, Progress } from '../../../src/domain/progress.js';
import type {
  RecoveryPlan,
  RecoveryRequest,
  RecoveryResult,
  Verification,
} from '../../../src/domain/recovery.js';
import * as messages from '../../../src/workflows/messages.js';
import { release } from './releases.js';

function planOf({ wish }: RecoveryRequest): RecoveryPlan {
  const plan = {
    from: release('2.0.0'),
    to: release(wish.kind === 'rollback' ? (wish.to ?? '1.0.0') : '2.0.0'),
    hosts: ['web1', 'web2', 'web3'].map((name) => ({ name, address: '127.0.0.1', port: 22 })),
    compose: null,
    settles: false,
    supply: [],
    would: { web1: ['backend would be restarted'], web2: [], web3: [] },
    silent: ['web3'],
  };
  // Nothing of it is shown.
  return { ...plan, policy: {} as RecoveryPlan['policy'] };
}

const GOOD: readonly Outcome[] = ['SUCCEEDED', 'NOOP', 'DRY_RUN'];

/**
 * Ends at once, by its reason: the outcome it names (a recovery that did what it was to is `ROLLED_BACK` for a rollback), or
 * not before it is let go where that is `hold`.
 */
export async function recovery(request: RecoveryRequest): Promise<RecoveryResult> {
  const { deploymentId, environment, reason, wish, dryRun } = request;
  const outcome = reason in EXIT_STATUS ? (reason as Outcome) : dryRun ? 'DRY_RUN' : 'SUCCEEDED';
  let phase: Phase = 'deploying';
  setHandler(messages.progress, (): Progress => {
    const version = wish.kind === 'rollback' ? (wish.to ?? '1.0.0') : '2.0.0';
    const steps: Progress['steps'] = [];
    return {
      deploymentId,
      environment,
      version,
      from: '2.0.0',
      phase,
      planHash: null,
      steps,
      outcome: null,
      message: '',
    };
  });
  if (reason === 'hold') await condition(() => false);
  phase = 'ended';
  const message = `${wish.kind} came to ${outcome}: ${JSON.stringify(wish)}`;
  const ended = { deploymentId, environment, version: '1.0.0', outcome, serving: '1.0.0', message };
  const result = { ...ended, plan: dryRun && outcome === 'DRY_RUN' ? planOf(request) : null };
  if (GOOD.includes(outcome) || (outcome === 'ROLLED_BACK' && wish.kind === 'rollback')) return result;
  throw ApplicationFailure.create({ message, type: outcome, nonRetryable: true, details: [result] });
}

/** Finds `dev` healthy, and a check of `prod` failed on one host. */
export function health({ environment }: { readonly environment: string }): Promise<HealthLook> {
  const result = (target: string, verdict: CheckResult['verdict']): CheckResult => ({
    name: 'backend is UP',
    category: 'backend',
    severity: 'critical',
    target,
    verdict,
    attempts: 1,
    durationMs: 12,
    evidence: verdict === 'pass' ? '200 in 12 ms' : '/health answered 503, expected 200',
  });
  const healthy = environment === 'dev';
  return Promise.resolve({
    environment,
    committed: '2.0.0 (200abcde)',
    healthy,
    durationMs: 40,
    results: [result('web1', 'pass'), result('web2', healthy ? 'pass' : 'fail')],
    evicted: healthy ? [] : ['web3'],
    holder: null,
  });
}

/** Finds everything in order in `dev`, drift in `prod`. */
export function verify({ environment }: { readonly environment: string }): Promise<Verification> {
  if (environment === 'dev')
    return Promise.resolve({
      environment,
      committed: '2.0.0 (200abcde)',
      consistent: true,
      hosts: [{ host: 'web1', evicted: false, state: 'serves', differences: [] }],
      schema: null,
      holder: null,
    });
  return Promise.resolve({
    environment,
    committed: '2.0.0 (200abcde)',
    consistent: false,
    hosts: [
      { host: 'web1', evicted: false, state: 'differs', differences: ['backend serves 1.0.0'] },
      { host: 'web2', evicted: true, state: 'unknown', differences: ['it does not answer'] },
    ],
    schema: { version: '3', differences: ['version 4 is needed'] },
    holder: 'converge 20261121-114512-k3f9ab',
  });
}
