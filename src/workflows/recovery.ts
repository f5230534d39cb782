import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import type { RecoveryPlan, RecoveryRequest, RecoveryResult } from '../domain/recovery.js';
import { describeRelease } from '../domain/release.js';
import type { DeploymentRequest } from '../domain/run.js';
import { objectionToRecovery } from '../domain/request.js';
import { describeReadings } from '../domain/verdict.js';
import { steps } from './activities.js';
import { takePlace } from './queue-place.js';
import { conclude, endedUnchanged, leave, type Ending } from './ending.js';
import { coded, failureOf } from './failures.js';
import { adoptHosts, grantedTo } from './host-steps.js';
import * as messages from './messages.js';
import { supply, withdraw } from './recovery-steps.js';
import { environmentOf, Run } from './run.js';
import { endsDryRunsOpenly } from './versions.js';
import { bringBack, type BroughtBack, type CommitState, type WayBack } from './way-back.js';

/**
 * Brings an environment to one release, on request: back to the committed one (`converge`), to an earlier one (`rollback`), an
 * evicted host back into the fold (`rejoin`), or out of traffic (`withdraw`). Until it begins it can be cancelled; from then on
 * it goes through.
 */
export async function recovery(request: RecoveryRequest): Promise<RecoveryResult> {
  const objection = objectionToRecovery(request);
  if (objection !== null) throw coded({ code: 'REQUEST_INVALID', message: objection });
  const run = new Run(asRequest(request), request.wish.kind);
  run.why = request.reason;
  let plan: RecoveryPlan | null = null;
  const ending = await run
    .interruptible(async () => {
      if (!request.dryRun) await takePlace(run);
      plan = await planned(run, request);
      return request.dryRun ? dryRun(run, plan) : await throughWith(run, request, plan);
    })
    .catch((cause: unknown) => endedUnchanged(run, cause));
  if (!request.dryRun) await CancellationScope.nonCancellable(() => leave(run, ending));
  else if (ending.outcome !== 'DRY_RUN' && endsDryRunsOpenly()) run.board.end(ending.outcome, ending.message);
  return { ...conclude(run, ending), plan };
}

/** A recovery as runs are asked for. Its version is known when it is planned; until then people read what it is. */
function asRequest({ wish, ...request }: RecoveryRequest): DeploymentRequest {
  return {
    application: request.application,
    environment: request.environment,
    deploymentId: request.deploymentId,
    requestedBy: request.requestedBy,
    version: wish.kind === 'rollback' ? (wish.to ?? 'rollback') : wish.kind,
    force: false,
    adopt: wish.kind === 'converge' ? wish.adopt : null,
  };
}

async function planned(run: Run, request: RecoveryRequest): Promise<RecoveryPlan> {
  const { plan, epoch } = await run.board.step('plan', [], () =>
    steps.planRecovery.executeWithOptions({ startToCloseTimeout: '10m', summary: `plan ${run.kind}` }, [
      { request, grant: run.grant },
    ]),
  );
  if (run.grant) run.grant = { ...run.grant, epoch };
  run.release = plan.to;
  run.committed = plan.from;
  run.board.planned(plan.from?.version ?? null, '');
  return plan;
}

function dryRun(run: Run, plan: RecoveryPlan): Ending {
  const message = `Nothing was changed: every host would serve ${describeRelease(plan.to)}.`;
  run.board.end('DRY_RUN', message);
  return { outcome: 'DRY_RUN', message, failure: null };
}

/** From here on it can't be stopped: whoever interrupts a way back leaves hosts in between. */
function throughWith(run: Run, request: RecoveryRequest, plan: RecoveryPlan): Promise<Ending> {
  run.assertNotInterrupted();
  run.decided = true;
  return CancellationScope.nonCancellable(async () => {
    try {
      await announce(run, plan);
      if (run.request.adopt !== null) await adoptHosts(run, plan, run.request.adopt);
      return request.wish.kind === 'withdraw'
        ? await outOfTraffic(run, request.wish.host, plan)
        : await broughtTo(run, request, plan);
    } catch (error) {
      const failure = failureOf(error);
      return { outcome: 'REFUSED', message: failure.message, failure };
    }
  });
}

/** Tells the environment where it goes, should this run be lost: there is no way but through. */
async function announce(run: Run, { from, to, hosts, policy, settles }: RecoveryPlan): Promise<void> {
  const { deploymentId } = run.request;
  const { runId } = workflowInfo();
  const epoch = run.grant?.epoch ?? 0;
  const environment = environmentOf(run);
  await environment.signal(messages.began, {
    deploymentId,
    epoch,
    from: run.kind === 'converge' ? to : from,
    to,
    hosts,
    policy,
    runId,
    migrates: settles,
  });
  await environment.signal(messages.decided, { deploymentId, runId });
}

async function broughtTo(run: Run, request: RecoveryRequest, plan: RecoveryPlan): Promise<Ending> {
  run.board.enter('rolling-back', request.reason);
  await supply(run, plan);
  const result = await bringBack(wayTo(run, plan), stateOf(run, request, plan));
  run.health = result.health;
  run.readings = result.readings;
  run.forensics = result.forensics;
  return request.wish.kind === 'rejoin'
    ? rejoined(run, request.wish.host, plan, result)
    : recovered(run, plan, result);
}

/** A rollback writes the state files anew; the others leave what is noted there, unless it is wrong. */
function stateOf(run: Run, { wish }: RecoveryRequest, { from, stateFile }: RecoveryPlan): CommitState {
  const noted = wish.kind === 'rollback' ? { previousVersion: from?.version ?? null } : stateFile;
  if (noted === undefined) return null;
  const { deploymentId, requestedBy: by } = run.request;
  return { deploymentId, ...noted, startedAt: run.startedAt, by };
}

/** Seconds after which a host that is still away is left to the environment's duty. */
const CONVERGE_PATIENCE = 60;

/** Whoever repairs is begun again as often as it takes, and must not keep a rollback by hand waiting for a dead host. */
function patient(run: Run, policy: Policy): Policy {
  if (run.kind === 'rollback') return policy;
  const { compensation } = policy;
  const giveUpAfterSeconds = Math.min(compensation.giveUpAfterSeconds, CONVERGE_PATIENCE);
  return { ...policy, compensation: { ...compensation, giveUpAfterSeconds } };
}

function wayTo(run: Run, plan: RecoveryPlan): WayBack {
  return {
    ...run.target,
    deploymentId: run.request.deploymentId,
    get hosts() {
      return plan.hosts.filter(({ name }) => !run.evicted.has(name));
    },
    to: plan.to,
    ...(plan.peers === undefined ? {} : { peers: plan.peers }),
    policy: patient(run, plan.policy),
    board: run.board,
    failed: run.kind === 'rollback' ? (plan.from?.version ?? null) : null,
    ...(plan.leaves === undefined ? {} : { leaves: plan.leaves }),
    migrated: plan.settles,
    ...grantedTo(run),
    nextStep: () => run.nextStep(),
    token: (step, tryNumber) => run.token(step, tryNumber),
  };
}

function recovered(run: Run, plan: RecoveryPlan, { outcome, readings }: BroughtBack): Ending {
  const release = describeRelease(plan.to);
  if (outcome === 'PARTIAL') {
    const message = `PARTIAL: not every host could be brought to ${release}: ${describeReadings(readings)}.`;
    const failure = { code: 'PARTIAL_STATE', message } as const;
    // What was begun goes through: hosts that are missing follow the others, not the other way round.
    return { outcome, message, failure, ...(run.kind === 'rollback' ? { committed: plan.to } : {}) };
  }
  const ending = { committed: plan.to, recovered: { consistent: true } };
  if (outcome === 'ROLLED_BACK_UNHEALTHY') {
    const message = `Every host serves ${release}, but checks fail; the cause may lie elsewhere.`;
    return { outcome, message, failure: { code: 'UNHEALTHY', message }, ...ending };
  }
  const done = run.kind === 'rollback' ? outcome : 'SUCCEEDED';
  return {
    outcome: done,
    message: `Every host serves ${release}, and it is healthy.`,
    failure: null,
    ...ending,
  };
}

/** A host that can't be brought to the release stays out: that is no trouble of the environment. */
function rejoined(run: Run, host: string, plan: RecoveryPlan, result: BroughtBack): Ending {
  if (result.outcome !== 'PARTIAL') {
    const ending = recovered(run, plan, result);
    return { ...ending, recovered: { rejoined: host } };
  }
  const message = `${host} stays evicted: ${describeReadings(result.readings)}.`;
  return { outcome: 'REFUSED', message, failure: { code: 'NOT_READ_BACK', message } };
}

/** Takes an evicted host out of traffic, if it answers; and the others to the committed release, if they are not there. */
async function outOfTraffic(run: Run, evicted: HostRef, plan: RecoveryPlan): Promise<Ending> {
  const host = evicted.name;
  run.board.enter('rolling-back', `${host} is evicted.`);
  const silence = await withdraw(run, evicted, plan);
  const result = await bringBack(wayTo(run, plan));
  run.health = result.health;
  run.readings = result.readings;
  const ending = recovered(run, plan, result);
  const told = silence === null ? `${host} is out of traffic.` : `${host} is evicted, but ${silence}`;
  return {
    ...ending,
    message: `${told} ${ending.message}`,
    recovered: { ...ending.recovered, ...(silence === null ? { withdrawn: host } : {}) },
  };
}
