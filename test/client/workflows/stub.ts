import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ApplicationFailure,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  evicted,
  newEnvironment,
  objectionToEviction,
  type EnvironmentState,
} from '../../../src/domain/environment-state.js';
import type { Outcome } from '../../../src/domain/outcome.js';
import type { Progress } from '../../../src/domain/progress.js';
import type {
  Decision,
  DeploymentRequest,
  DeploymentResult,
  RecordedDecision,
} from '../../../src/domain/run.js';
import type { SwitchWish } from '../../../src/domain/switches.js';
import { objectionToSwitch, switched } from '../../../src/domain/switching.js';
import { SEARCH_ATTRIBUTES } from '../../../src/domain/search-attributes.js';
import * as messages from '../../../src/workflows/messages.js';

import { plan } from './plan-stub.js';

export { preflight } from './preflight-stub.js';
export { health, recovery, verify } from './recovery-stub.js';

const PLAN = 'abcdef0123456789'.repeat(4);

/** Waits for a word, and ends by it: approved → SUCCEEDED, rejected → REJECTED, aborted → ROLLED_BACK, cancelled → Canceled. */
export async function deployment(request: DeploymentRequest): Promise<DeploymentResult> {
  const { deploymentId, environment, version } = request;
  let decision: RecordedDecision | null = null;
  let aborted = null as string | null;
  let progress: Progress = {
    deploymentId,
    environment,
    version,
    from: '1.0.0',
    phase: 'awaiting-approval',
    planHash: PLAN,
    message: '',
    approval: { round: 3, signatures: 'optional', commands: [] },
    outcome: null,
    steps: [
      {
        title: 'activate backend',
        state: 'running',
        startedAt: new Date().toISOString(),
        endedAt: null,
        hosts: { web1: 'running', web2: 'done' },
        detail: '',
      },
    ],
  };
  setHandler(messages.progress, () => progress);
  setHandler(messages.abort, (said) => void (aborted = `${said?.by ?? ''}: ${said?.reason ?? ''}`));
  for (const [update, verdict] of [
    [messages.approve, 'approved'],
    [messages.reject, 'rejected'],
  ] as const) {
    setHandler(
      update,
      (said) => {
        decision = {
          ...said,
          verdict,
          at: new Date().toISOString(),
          planHash: PLAN,
          identity: said.signature === undefined ? 'claimed' : 'signed',
        };
        return decision;
      },
      {
        validator: (said: Decision) => {
          if (said.by === request.requestedBy)
            throw new Error(`${said.by} can't approve it too (four eyes).`);
          if (said.planHash !== PLAN) throw new Error('This is about another plan.');
        },
      },
    );
  }
  upsertSearchAttributes([
    { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD'), value: 'awaiting-approval' },
  ]);
  const end = (outcome: Outcome, message: string): DeploymentResult => {
    progress = { ...progress, phase: 'ended', outcome, message, steps: [] };
    return { deploymentId, environment, version, outcome, message, serving: '1.0.0' };
  };
  if (request.dryRun === true)
    return { ...end('DRY_RUN', 'Nothing was changed.'), plan: plan(environment, version) };
  try {
    await condition(() => decision !== null || aborted !== null);
  } catch (error) {
    if (isCancellation(error))
      throw new CancelledFailure('cancelled', [end('WITHDRAWN', 'Cancelled by someone.')]);
    throw error;
  }
  if (aborted !== null) fail('ABORTED', end('ROLLED_BACK', `Aborted by ${aborted}`));
  const word = decision as RecordedDecision | null;
  if (word?.verdict === 'rejected') fail('REJECTED', end('REJECTED', word.comment));
  return end('SUCCEEDED', `${version} serves.`);
}

function fail(type: string, result: DeploymentResult): never {
  throw ApplicationFailure.create({ message: result.message, type, nonRetryable: true, details: [result] });
}

/** An environment with the state that it is given. */
export async function environment(state: Partial<EnvironmentState>): Promise<void> {
  let now = { ...newEnvironment('incarnation'), ...state };
  setHandler(messages.status, () => ({ application: 'shop', environment: 'dev', ...now }));
  setHandler(messages.resolve, ({ reason }) => {
    if (reason === 'too early')
      throw ApplicationFailure.nonRetryable('Not every host serves 1.0.0: web2: away.', 'QUARANTINE_STANDS');
    now = { ...now, quarantine: null };
    return {
      environment: 'dev',
      committed: '1.0.0',
      consistent: true,
      hosts: [],
      schema: null,
      holder: null,
    };
  });
  setHandler(
    messages.flip,
    (wish) => {
      now = { ...now, switches: switched(now.switches, wish, new Date().toISOString()) };
      return now.switches;
    },
    {
      validator: (wish: SwitchWish) => {
        const objection = objectionToSwitch(now.switches, wish, new Date().toISOString());
        if (objection !== null) throw new Error(objection);
      },
    },
  );
  setHandler(
    messages.evict,
    ({ host: name, by, reason }) => {
      const host = { name, address: '127.0.0.1', port: 22 };
      const eviction = { host, by, reason, at: new Date().toISOString(), withdrawn: false };
      now = evicted(now, eviction);
      return eviction;
    },
    {
      validator: ({ host }: { readonly host: string }) => {
        const objection = objectionToEviction(now, host);
        if (objection !== null) throw new Error(objection);
      },
    },
  );
  await condition(() => false);
}
