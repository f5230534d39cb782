import { isCancellation } from '@temporalio/workflow';
import { notCarriedOut, type HealthReport } from '../domain/check.js';
import type { Outcome } from '../domain/outcome.js';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import { describeRelease, type Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { rollbackOutcome, type HostReading } from '../domain/verdict.js';
import { steps } from './activities.js';
import type { Board } from './board.js';
import { failureOf } from './failures.js';
import { readEveryHost, type HostCall } from './host-steps.js';
import { names, type Target } from './run.js';
import { until, withTries } from './tries.js';

/** Everything that bringing an environment to one release needs; nothing of it may have been the cause of the trouble. */
export interface WayBack extends Target {
  readonly deploymentId: string;
  readonly hosts: readonly HostRef[];
  /** The environment's committed release; `null`: it had none, so nothing is to run. */
  readonly to: Release | null;
  readonly policy: Policy;
  readonly board: Board;
  nextStep(): number;
  token(step: number, tryNumber: number): StepToken;
}

/** What came of it. */
export interface BroughtBack {
  readonly outcome: Outcome;
  readonly health: HealthReport | null;
  readonly readings: readonly HostReading[];
}

/** What one host came to when it was tried as long as patience lasted. */
export type Tried<T> = { readonly host: string } & ({ readonly result: T } | { readonly failure: string });

/**
 * Carries out one step on every host, as long as patience lasts. Never throws for a host: what it came to is answered for each, and
 * the verdict is read from the hosts.
 */
export async function patiently<T>(
  way: WayBack,
  title: string,
  work: (call: HostCall) => Promise<T>,
): Promise<Tried<T>[]> {
  const step = way.nextStep();
  const deadline = Date.now() + way.policy.compensation.giveUpAfterSeconds * 1000;
  const patience = until(deadline, way.policy.compensation.delaySeconds);
  const { application, environment } = way;
  return way.board.step(title, names(way.hosts), async (mark) => {
    const onHost = async (host: HostRef): Promise<Tried<T>> => {
      try {
        const result = await withTries(patience, { step: title, host: host.name }, (tryNumber) =>
          work({ application, environment, host, token: way.token(step, tryNumber) }),
        );
        mark(host.name, 'done');
        return { host: host.name, result };
      } catch (error) {
        if (isCancellation(error)) throw error;
        mark(host.name, 'failed');
        return { host: host.name, failure: error instanceof Error ? error.message : String(error) };
      }
    };
    return Promise.all(way.hosts.map(onHost));
  });
}

function limits(way: WayBack, summary: string): { startToCloseTimeout: number; summary: string } {
  return { startToCloseTimeout: (way.policy.stepTimeoutSeconds + 60) * 1000, summary };
}

/**
 * Makes the end of a run final on every host: the release is committed, the journal closed, the state file written; and reads back
 * what each serves then.
 */
export async function commitEverywhere(
  way: WayBack,
  release: Release | null,
  state: CommitState,
): Promise<HostReading[]> {
  const tried = await patiently(way, 'commit', (call) =>
    steps.commit.executeWithOptions(
      limits(way, `${call.host.name}: commit ${release?.version ?? 'nothing'}`),
      [
        {
          ...call,
          release,
          state,
          keep: way.policy.keepReleases,
          timeoutSeconds: way.policy.stepTimeoutSeconds,
        },
      ],
    ),
  );
  return tried.map((one) =>
    'result' in one ? one.result : { host: one.host, state: 'unknown', differences: [one.failure] },
  );
}

/** What goes into the hosts' state file beside the release itself. `null`: the file stays as it is. */
export type CommitState = {
  readonly previousVersion: string | null;
  readonly startedAt: string;
  readonly by: string;
} | null;

async function healthOf(way: WayBack, release: Release): Promise<HealthReport> {
  const { application, environment, deploymentId, hosts, policy, board } = way;
  const title = `health checks of ${release.version}`;
  try {
    return await board.step(title, [], () =>
      steps.check.executeWithOptions(limits(way, title), [
        { application, environment, deploymentId, hosts, checks: release.checks, policy: policy.checks },
      ]),
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    return notCarriedOut(failureOf(error).message);
  }
}

/**
 * Brings every host back to the committed release, whatever it serves now; then asks the checks, and reads every host back.
 * The verdict is consistency × health (design rule 7).
 */
export async function bringBack(way: WayBack): Promise<BroughtBack> {
  const { to, policy } = way;
  await patiently(way, `restore ${describeRelease(to)}`, (call) =>
    steps.restore.executeWithOptions(limits(way, `${call.host.name}: restore ${to?.version ?? 'nothing'}`), [
      { ...call, release: to, timeoutSeconds: policy.stepTimeoutSeconds },
    ]),
  );
  await commitEverywhere(way, to, null);
  const health = to === null ? null : await healthOf(way, to);
  const readings = await way.board.step('read back', names(way.hosts), () =>
    readEveryHost({
      application: way.application,
      environment: way.environment,
      hosts: way.hosts,
      release: to,
    }),
  );
  return { outcome: rollbackOutcome(readings, health?.healthy ?? true), health, readings };
}
