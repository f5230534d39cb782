import {
  CancellationScope,
  condition,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  sleep,
} from '@temporalio/workflow';
import { newDeploymentId } from '../domain/deployment-id.js';
import type { EnvironmentState } from '../domain/environment-state.js';
import type { HostRef } from '../domain/plan.js';
import type { RecoveryWish } from '../domain/recovery.js';
import { watching } from './activities.js';
import * as messages from './messages.js';
import type { recovery } from './recovery.js';
import type { Target } from './run.js';
import { isWhole } from './versions.js';

const SHORTEST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;

/** Hosts that are to be brought to the committed release when they answer. */
function lost({ hosts, quarantine, evicted }: EnvironmentState): HostRef[] {
  return hosts.filter(({ name }) => quarantine?.lost.includes(name) && !Object.hasOwn(evicted, name));
}

/** All that is waited for: lost hosts, and evicted ones that are to be taken out of traffic. */
function outstanding(state: EnvironmentState): HostRef[] {
  const serving = Object.values(state.evicted).filter(({ withdrawn }) => !withdrawn);
  return [...lost(state), ...serving.map(({ host }) => host)];
}

/** No host needs to be waited for: the lost ones were evicted, it is the schema, or nobody knows what it is. */
function isReady(state: EnvironmentState): boolean {
  return state.quarantine !== null && lost(state).length === 0;
}

function hasDuty(state: EnvironmentState): boolean {
  return state.quarantine !== null || outstanding(state).length > 0;
}

/** Tells two states of the duty apart: a watch over hosts that are no longer waited for is begun anew. */
function dutyOf(state: EnvironmentState): string {
  const names = [lost(state), outstanding(state)].map((hosts) => hosts.map(({ name }) => name));
  return JSON.stringify([...names, state.quarantine?.since ?? null]);
}

/** What an environment does by itself beside letting runs in. */
export interface Duty {
  /** True unless a recovery was begun that the environment does not know of yet: it would be begun twice. */
  readonly mayPause: () => boolean;
}

/**
 * PARTIAL is a duty that lives on (design rule 7): as soon as a lost host answers, a run of its own brings every host to the
 * committed release, and an evicted one that comes back out of traffic. Tried again at growing intervals, for as long as it takes.
 * @param governed the environment may continue as new while such a run is under way, which goes on all the same
 */
export function takeUpDuty(target: Target, read: () => EnvironmentState, governed: boolean): Duty {
  const begun: Begun = { deploymentId: null };
  stayOnDuty(target, read, governed, begun).catch((error: unknown) => {
    if (!isCancellation(error))
      log.error('the environment no longer repairs itself', { error: String(error) });
  });
  return { mayPause: () => begun.deploymentId === null || isKnown(read(), begun.deploymentId) };
}

/** The recovery that was begun, until it has ended. */
interface Begun {
  deploymentId: string | null;
}

function isKnown({ holder, queue, history }: EnvironmentState, deploymentId: string): boolean {
  const runs = [...(holder ? [holder] : []), ...queue, ...history];
  return runs.some((run) => run.deploymentId === deploymentId);
}

/** What would be begun is under way already: by a person's wish, or since before the environment continued as new. */
function isInHand({ holder, queue }: EnvironmentState): boolean {
  return [...(holder ? [holder] : []), ...queue].some(
    ({ kind }) => kind === 'converge' || kind === 'withdraw',
  );
}

async function stayOnDuty(
  target: Target,
  read: () => EnvironmentState,
  governed: boolean,
  begun: Begun,
): Promise<never> {
  const isBusy = (): boolean => read().holder !== null || (governed && isInHand(read()));
  let pause = SHORTEST_PAUSE_MS;
  if (governed && hasDuty(read()) && isInHand(read())) await restAfterWhatIsInHand(read, pause);
  for (;;) {
    await condition(() => hasDuty(read()) && !isBusy());
    const duty = dutyOf(read());
    if (!isWhole()) {
      await condition(() => dutyOf(read()) !== duty);
      continue;
    }
    const wish = isReady(read()) ? converge : await wishOf(target, read);
    if (wish === null || isBusy()) continue;
    await carriedOut(target, read(), wish, begun);
    pause = dutyOf(read()) === duty ? Math.min(pause * 2, LONGEST_PAUSE_MS) : SHORTEST_PAUSE_MS;
    await condition(() => dutyOf(read()) !== duty, pause);
  }
}

/** One that was begun before the environment continued as new has its pause after it like any other. */
async function restAfterWhatIsInHand(read: () => EnvironmentState, pause: number): Promise<void> {
  const duty = dutyOf(read());
  await condition(() => !isInHand(read()));
  await condition(() => dutyOf(read()) !== duty, pause);
}

/** As requests want it. */
function inOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}

const converge: RecoveryWish = { kind: 'converge', adopt: null };

/** Waits until a host answers that something is to be done on; `null` when it is no longer to be done. */
async function wishOf(target: Target, read: () => EnvironmentState): Promise<RecoveryWish | null> {
  const duty = dutyOf(read());
  const answering = await answeringHosts(target, outstanding(read()), () => dutyOf(read()) !== duty);
  const [host] = outstanding(read()).filter(({ name }) => answering.includes(name));
  if (!host) return null;
  return Object.hasOwn(read().evicted, host.name) ? { kind: 'withdraw', host } : converge;
}

async function answeringHosts(
  { application, environment }: Target,
  hosts: readonly HostRef[],
  isOver: () => boolean,
): Promise<string[]> {
  const watch = new CancellationScope();
  const answered = watch
    .run(() =>
      watching.watchHosts.executeWithOptions({ summary: hosts.map(({ name }) => name).join(', ') }, [
        { application, environment, hosts },
      ]),
    )
    .catch(async (error: unknown) => {
      if (!isCancellation(error)) {
        log.warn('the watch over lost hosts failed and is begun again', { error: String(error) });
        await sleep(SHORTEST_PAUSE_MS);
      }
      return [];
    });
  const names = await Promise.race([answered, condition(isOver).then(() => [])]);
  watch.cancel();
  await answered;
  return names;
}

async function carriedOut(
  { application, environment }: Target,
  { quarantine }: EnvironmentState,
  wish: RecoveryWish,
  begun: Begun,
): Promise<void> {
  const deploymentId = newDeploymentId(new Date(), Math.random);
  begun.deploymentId = deploymentId;
  const reason =
    wish.kind === 'withdraw' ? `${wish.host.name} is evicted` : (quarantine?.reason ?? 'converge');
  try {
    await executeChild<typeof recovery>('recovery', {
      workflowId: messages.recoveryWorkflowId(wish.kind, environment, deploymentId),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: messages.attributes({ application, environment }),
      args: [
        {
          application,
          environment,
          deploymentId,
          requestedBy: 'safeguard',
          reason: inOneLine(reason),
          wish,
          dryRun: false,
        },
      ],
      staticSummary: `${wish.kind} ${environment}: ${reason}`.slice(0, 200),
    });
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    // What it came to stands in the environment's state; a run that failed is begun again after a pause.
    log.warn('a recovery did not go through', { wish: wish.kind, error: String(error) });
  } finally {
    begun.deploymentId = null;
  }
}
