import { condition, isCancellation, sleep } from '@temporalio/workflow';
import type { Forensics } from '../activities/forensics.js';
import type { Restored } from '../activities/hosts.js';
import { notCarriedOut, type HealthReport } from '../domain/check.js';
import type { ErrorCode } from '../domain/errors.js';
import type { Outcome } from '../domain/outcome.js';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import { describeRelease, readySeconds, type Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { classOf, RETRY } from '../domain/retry.js';
import { rollbackOutcome, type HostReading } from '../domain/verdict.js';
import { steps } from './activities.js';
import type { Board } from './board.js';
import { failureOf, rethrowReset } from './failures.js';
import { forensicsOn } from './forensics.js';
import { checkLimits, peersOf, readEveryHost, type HostCall } from './host-steps.js';
import { names, type Target } from './run.js';
import { settledSchema } from './settled-schema.js';
import { LONGEST_DELAY_MS, until, withTries } from './tries.js';
import { isWhole } from './versions.js';

/** Everything that bringing an environment to one release needs; nothing of it may have been the cause of the trouble. */
export interface WayBack extends Target {
  readonly deploymentId: string;
  /** Without those that a person has evicted meanwhile. */
  readonly hosts: readonly HostRef[];
  /** The environment's other hosts, where `hosts` is one only. */
  readonly peers?: readonly HostRef[];
  /** The release that every host is to serve; `null`: nothing is to run. */
  readonly to: Release | null;
  readonly policy: Policy;
  readonly board: Board;
  /** The run that the environment was given to; left out where nobody could have reset it. */
  readonly grantedTo?: string;
  /** The release whose failure is worth forensics; `null`: none failed. */
  readonly failed: string | null;
  /** The version that hosts leave, where it is another than the one that failed now. */
  readonly leaves?: string;
  /** Whether the schema may have been changed, so that it must be looked after too. */
  readonly migrated: boolean;
  nextStep(): number;
  token(step: number, tryNumber: number): StepToken;
}

/** What came of it. */
export interface BroughtBack {
  readonly outcome: Outcome;
  readonly health: HealthReport | null;
  readonly readings: readonly HostReading[];
  readonly forensics: readonly string[];
  /** Files on the runner with copies of them. */
  readonly copies: readonly string[];
  /** A host did not serve the release before. */
  readonly changed: boolean;
}

/** What one host came to when it was tried as long as patience lasted. */
export type Tried<T> = { readonly host: string } & (
  | { readonly result: T }
  | {
      readonly failure: string;
      readonly code: ErrorCode;
      /** The host said a no that asking again does not change. */
      readonly refused: boolean;
    }
);

function isCounted(way: WayBack, host: string): boolean {
  return way.hosts.some(({ name }) => name === host);
}

/**
 * Carries out one step on every host, as long as patience lasts. Never throws for a host: what it came to is answered for each, and
 * the verdict is read from the hosts.
 */
async function patiently<T>(
  way: WayBack,
  deadline: number,
  title: string,
  work: (call: HostCall) => Promise<T>,
): Promise<Tried<T>[]> {
  const step = way.nextStep();
  const patience = until(deadline, way.policy.compensation.delaySeconds);
  const { application, environment, grantedTo } = way;
  return way.board.step(title, names(way.hosts), async (mark, tell) => {
    const onHost = async (host: HostRef): Promise<Tried<T>> => {
      const call = { application, environment, host, ...(grantedTo === undefined ? {} : { grantedTo }) };
      try {
        const result = await withTries(
          patience,
          { step: title, host: host.name },
          (tryNumber) => work({ ...call, token: way.token(step, tryNumber) }),
          { isOver: () => !isCounted(way, host.name), tell },
        );
        mark(host.name, 'done');
        return { host: host.name, result };
      } catch (error) {
        if (isCancellation(error)) throw error;
        rethrowReset(error);
        mark(host.name, 'failed');
        const { code, hostCode, message } = failureOf(error);
        return { host: host.name, failure: message, code, refused: !RETRY[classOf(code, hostCode)].again };
      }
    };
    return Promise.all(way.hosts.map(onHost));
  });
}

/** What one round of bringing the hosts to a release came to. */
interface Round {
  /** Hosts that said a no which asking again does not change. */
  readonly refusing: readonly string[];
  readonly readings: readonly HostReading[];
}

/**
 * Does the work again and again, until all hosts show what they should or patience ends: one that loses its power right after it
 * answered is brought to the release like any other. What refuses for good, or was evicted, is not waited for.
 */
async function untilConsistent(
  way: WayBack,
  work: (deadline: number) => Promise<Round>,
): Promise<readonly HostReading[]> {
  const { giveUpAfterSeconds, delaySeconds } = way.policy.compensation;
  const deadline = Date.now() + giveUpAfterSeconds * 1000;
  for (let round = 0; ; round += 1) {
    const { refusing, readings } = await work(deadline);
    const counted = readings.filter(({ host }) => isCounted(way, host));
    const hopeful = counted.filter(({ host, state }) => state !== 'serves' && !refusing.includes(host));
    const wait = Math.min(delaySeconds * 1000 * 2 ** Math.min(round, 10), LONGEST_DELAY_MS);
    if (hopeful.length === 0 || Date.now() + wait >= deadline) return counted;
    await condition(() => hopeful.every(({ host }) => !isCounted(way, host)), wait, {
      summary: `again: ${hopeful.map(({ host }) => host).join(', ')}`.slice(0, 200),
    });
  }
}

function refusingOf(tried: readonly Tried<unknown>[]): string[] {
  return tried.filter((one) => 'refused' in one && one.refused).map(({ host }) => host);
}

function limits(
  way: WayBack,
  summary: string,
  extraSeconds = 0,
): { startToCloseTimeout: number; summary: string } {
  return { startToCloseTimeout: (way.policy.stepTimeoutSeconds + extraSeconds + 60) * 1000, summary };
}

/**
 * Makes the end of a run final on every host: the release is committed, the journal closed, the state file written; and reads back
 * what each serves then.
 */
export function commitEverywhere(
  way: WayBack,
  release: Release,
  state: CommitState,
): Promise<readonly HostReading[]> {
  return untilConsistent(way, (deadline) => commit(way, deadline, release, state));
}

async function commit(
  way: WayBack,
  deadline: number,
  release: Release | null,
  state: CommitState,
): Promise<Round> {
  const tried = await patiently(way, deadline, 'commit', (call) =>
    steps.commit.executeWithOptions(
      limits(way, `${call.host.name}: commit ${release?.version ?? 'nothing'}`),
      [
        {
          ...call,
          release,
          state,
          keep: way.policy.keepReleases,
          peers: peersOf(way.peers ?? way.hosts, call.host),
          timeoutSeconds: way.policy.stepTimeoutSeconds,
        },
      ],
    ),
  );
  // What a host serves counts, not what was carried out: one that could not be committed is looked at all the same.
  const failed = way.hosts.filter(({ name }) => tried.some((one) => one.host === name && 'failure' in one));
  const { application, environment } = way;
  const looked = await readEveryHost({ application, environment, hosts: failed, release, committed: true });
  const answered = tried.flatMap((one) => ('result' in one ? [one.result] : []));
  return { refusing: refusingOf(tried), readings: [...answered, ...looked] };
}

/** What goes into the hosts' state file beside the release itself. `null`: the file stays as it is. */
export type CommitState = {
  readonly deploymentId: string;
  readonly previousVersion: string | null;
  readonly startedAt: string;
  readonly by: string;
} | null;

async function healthOf(way: WayBack, release: Release): Promise<HealthReport> {
  const { application, environment, deploymentId, hosts, policy, board } = way;
  const title = `health checks of ${release.version}`;
  // It has settled before it is asked; a way back is to be short.
  const checks = { ...policy.checks, stabiliseSeconds: 0 };
  try {
    return await board.step(title, [], () =>
      steps.check.executeWithOptions(checkLimits(policy, title), [
        { application, environment, deploymentId, hosts, checks: release.checks, policy: checks },
      ]),
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    return notCarriedOut(failureOf(error).message);
  }
}

/** Runs that an earlier version of this code began were answered with a sentence or nothing. */
function hasChanged(answer: Restored | string | null): boolean {
  return answer === null || typeof answer === 'string' || answer.changed;
}

/** Where a team's own playbook could not be undone, the host is not as it was, whatever it serves. */
function notUndone(tried: readonly Tried<unknown>[]): (reading: HostReading) => HostReading {
  return (reading) => {
    const own = tried.find(({ host }) => host === reading.host);
    if (!own || !('failure' in own) || !ANSIBLE.includes(own.code)) return reading;
    return { ...reading, state: 'differs', differences: [...reading.differences, own.failure] };
  };
}

const ANSIBLE: readonly ErrorCode[] = ['ANSIBLE_FAILED', 'ANSIBLE_MISSING'];

/** Restores and commits, until every host shows the release. Forensics go before the first restore of each host, and delay no other. */
async function restored(
  way: WayBack,
  state: CommitState,
): Promise<Pick<BroughtBack, 'readings' | 'forensics' | 'copies' | 'changed'>> {
  const { to, policy } = way;
  const failed = isWhole() ? way.failed : null;
  const forensics = new Map<string, Forensics>();
  let changed = false;
  const examined = async (call: HostCall): Promise<void> => {
    const { name } = call.host;
    if (failed === null || forensics.has(name) || !policy.forensics.enabled) return;
    forensics.set(name, await forensicsOn(way, failed, call));
  };
  const readings = await untilConsistent(way, async (deadline) => {
    const tried = await patiently(way, deadline, `restore ${describeRelease(to)}`, async (call) => {
      await examined(call);
      return steps.restore.executeWithOptions(
        limits(way, `${call.host.name}: restore ${to?.version ?? 'nothing'}`, readySeconds(to)),
        [
          {
            ...call,
            release: to,
            leaves: way.leaves ?? way.failed,
            timeoutSeconds: policy.stepTimeoutSeconds,
          },
        ],
      );
    });
    changed ||= tried.some((one) => 'result' in one && hasChanged(one.result));
    const { refusing, readings } = await commit(way, deadline, to, state);
    return { refusing: [...refusingOf(tried), ...refusing], readings: readings.map(notUndone(tried)) };
  });
  const found = [...forensics].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return {
    readings,
    forensics: found.map(({ said }) => said),
    copies: found.flatMap(({ kept }) => kept ?? []),
    changed,
  };
}

/**
 * The one way back (spec S14), for a failure, an abort, a cancelled or terminated run, and by hand: brings every host to one
 * release, whatever it serves now, and reads every host back; lets it settle, then asks the checks. The verdict is consistency ×
 * health (design rule 7).
 */
export async function bringBack(way: WayBack, state: CommitState = null): Promise<BroughtBack> {
  const { to, policy } = way;
  const [{ readings: hosts, forensics, copies, changed }, schema] = await Promise.all([
    restored(way, state),
    isWhole() ? settledSchema(way) : [],
  ]);
  const readings = [...hosts, ...schema];
  if (to !== null && isWhole())
    await sleep(policy.compensation.stabiliseSeconds * 1000, { summary: 'let it settle' });
  const health = to === null ? null : await healthOf(way, to);
  const outcome = rollbackOutcome(readings, health?.healthy ?? true);
  return { outcome, health, readings, forensics, copies, changed };
}
