import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { HashedPlan } from '../domain/plan.js';
import type { DeploymentRequest, DeploymentResult } from '../domain/run.js';
import { describeReadings, isConsistent } from '../domain/verdict.js';
import { objectionTo } from '../domain/request.js';
import { agree, validate } from './agree.js';
import { conclude, endedUnchanged, leave, succeeded, takenBack, type Ending } from './ending.js';
import { heldBack, onlyLooked } from './unchanged.js';
import { coded } from './failures.js';
import {
  activate,
  adoptHosts,
  announce,
  capture,
  checkHealth,
  grantedTo,
  holdLeases,
  migrate,
  readBack,
  stage,
} from './host-steps.js';
import { smokeTests } from './smoke.js';
import * as messages from './messages.js';
import { rehearsed } from './rehearsal.js';
import { environmentOf, Run } from './run.js';
import { bringBack, commitEverywhere, type WayBack } from './way-back.js';

/**
 * Deploys one release to one environment. Its status tells the truth: Completed, the new release serves (or nothing was to do);
 * Failed, it does not, and the message says what does; Canceled, someone cancelled, and it was taken back.
 */
export async function deployment(request: DeploymentRequest): Promise<DeploymentResult> {
  assertInOrder(request);
  const run = new Run(request);
  const ending = await run
    .interruptible(() => goForward(run))
    .catch((cause: unknown) => CancellationScope.nonCancellable(() => goBack(run, cause)));
  await CancellationScope.nonCancellable(() => leave(run, ending));
  // Hosts that have voted need no lease; its renewal ends with the run.
  if (!run.lean) run.leases?.cancel();
  return conclude(run, ending);
}

/** Anybody may start a workflow with anything; what is not in order leaves no trace but its own failure. */
function assertInOrder(request: DeploymentRequest): void {
  const objection = objectionTo(request);
  if (objection !== null) throw coded({ code: 'REQUEST_INVALID', message: objection });
}

/** The way forward. Whatever it throws, and whoever stops it, `goBack` undoes what it began. */
async function goForward(run: Run): Promise<Ending> {
  const valid = await validate(run);
  const { plan, held } = await agree(run, valid);
  if (plan.kind === 'noop')
    return { outcome: 'NOOP', message: `Every host serves ${plan.to.version} already.`, failure: null };
  if (run.request.dryRun === true) return onlyLooked(run, plan, held, await rehearsed(run, plan));
  if (held) return heldBack(run, plan, held);

  const limit = run.startLimit(valid.policy);
  try {
    run.board.enter('deploying');
    if (!run.captured) await capture(run, plan);
    await announce(run, plan);
    // Only now: once a host is taken over, the environment must know what it holds.
    if (run.request.adopt !== null) await adoptHosts(run, plan, run.request.adopt);
    await stage(run, plan);

    run.wayBack = () => bringBack(wayBack(run, plan));
    run.leases = holdLeases(run, plan);
    for (const { name } of plan.to.components) await activate(run, plan, name);
    if (plan.pendingMigrations.length > 0) await migrate(run, plan);
    await checkHealth(run, plan);
    if (run.checked && plan.smoke !== undefined) await smokeTests(run, plan, plan.smoke);
    await readBack(run, plan);
    if (!run.governed) run.leases.cancel();
    run.assertNotInterrupted();

    return await CancellationScope.nonCancellable(() => goThrough(run, plan));
  } finally {
    // It ends with the run: once that is on its way back or through, it stops nothing.
    if (!run.lean) limit.cancel();
  }
}

/** Every host was read back and serves the release: from here on there is no way but forward. */
async function goThrough(run: Run, plan: HashedPlan): Promise<Ending> {
  run.decided = true;
  if (run.lean) run.board.pass('committing');
  else run.board.enter('committing');
  await environmentOf(run).signal(messages.decided, {
    deploymentId: run.request.deploymentId,
    runId: workflowInfo().runId,
  });
  run.readings = await commitEverywhere(wayBack(run, plan), plan.to, {
    deploymentId: run.request.deploymentId,
    previousVersion: plan.from?.version ?? null,
    startedAt: run.startedAt,
    by: run.request.requestedBy,
  });
  if (isConsistent(run.readings)) return succeeded(plan);
  return {
    outcome: 'PARTIAL',
    message: `${plan.to.version} was committed, but not every host serves it: ${describeReadings(run.readings)}`,
    failure: { code: 'PARTIAL_STATE', message: describeReadings(run.readings), step: 'commit' },
    // Every host has voted, and some have committed: hosts that are missing are brought here, not the others back.
    committed: plan.to,
  };
}

/** The way back: restores the committed release where anything was begun, and says truly what came of it. */
async function goBack(run: Run, cause: unknown): Promise<Ending> {
  run.leases?.cancel();
  const stopped = endedUnchanged(run, cause);
  if (run.wayBack === null || stopped.failure?.code === 'RUN_WAS_RESET') return stopped;
  run.board.enter('rolling-back', stopped.message);
  const result = await run.wayBack().catch((error: unknown) => endedUnchanged(run, error));
  if (!('readings' in result)) return result;
  run.health = result.health;
  run.readings = result.readings;
  run.forensics = result.forensics;
  if (run.diagnostics.length > 0) run.diagnostics = [...run.diagnostics, ...result.copies];
  return takenBack(run, stopped, result);
}

function wayBack(run: Run, plan: HashedPlan): WayBack {
  return {
    ...run.target,
    deploymentId: run.request.deploymentId,
    get hosts() {
      return plan.hosts.filter(({ name }) => !run.evicted.has(name));
    },
    to: plan.from,
    policy: plan.policy,
    board: run.board,
    failed: plan.to.version,
    migrated: plan.pendingMigrations.length > 0,
    ...grantedTo(run),
    nextStep: () => run.nextStep(),
    token: (step, tryNumber) => run.token(step, tryNumber),
  };
}
