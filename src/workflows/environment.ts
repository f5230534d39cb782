import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { holderGone, withEvents } from '../domain/audit-events.js';
import { noted } from '../domain/audit-trail.js';
import * as entity from '../domain/environment-state.js';
import type { EnvironmentState, Holder, LeaveNotice, QueuedRun } from '../domain/environment-state.js';
import { renderEnvironment } from '../domain/environment-view.js';
import { join, positionOf, stalled } from '../domain/queue.js';
import { INTERNAL } from './descriptions.js';
import { takeUpDuty } from './duty.js';
import { tell, type Entity } from './entity.js';
import { handleEvictions } from './eviction.js';
import { untilClosed } from './holder.js';
import { hear, keepTrail } from './keep-trail.js';
import * as messages from './messages.js';
import type { rollback } from './rollback.js';
import { handleSwitches } from './switchboard.js';
import { isGoverned } from './versions.js';

/** Which environment it is, and what it carries over from its earlier history. */
export interface EnvironmentInput {
  readonly application: string;
  readonly environment: string;
  readonly state?: EnvironmentState;
  /** Length of history, in events, after which it continues as new; for tests. */
  readonly continueAfter?: number;
}

/** Kept well below what Temporal warns about; the queue is part of what is carried over, so nothing is lost. */
const LONG_HISTORY = 2_000;

/**
 * One environment as an entity that lives on: it alone decides who may change its hosts. It queues, hands out epochs, notices a
 * holder that is gone and has the environment brought back before the next one is let in.
 */
export async function environment({
  application,
  environment: name,
  state: carried,
  continueAfter,
}: EnvironmentInput): Promise<never> {
  const governed = isGoverned();
  let state = carried ? entity.broughtUpToDate(carried) : entity.newEnvironment(uuid4());
  const become = (next: EnvironmentState): void => {
    state = withEvents(state, next);
    setCurrentDetails(renderEnvironment(name, state));
  };
  const settle = (audit: EnvironmentState['audit']): void => {
    state = { ...state, audit };
    setCurrentDetails(renderEnvironment(name, state));
  };
  const now = (): string => new Date().toISOString();
  const self: Entity = {
    target: { application, environment: name },
    read: () => state,
    become,
    note: (event) => settle(noted(state.audit, [event])),
  };

  setHandler(messages.status, () => ({ application, environment: name, ...state }));
  setHandler(messages.position, (deploymentId, runId) => positionOf(state, deploymentId, runId));
  setHandler(
    messages.enqueue,
    async (run) => {
      const { state: next, refused } = join(state, run, now());
      become(next);
      await Promise.all(refused.map(({ run: other, refusal }) => refuse(other, refusal)));
    },
    INTERNAL,
  );
  setHandler(messages.began, (what) => become(entity.begun(state, what)), INTERNAL);
  setHandler(messages.decided, (run) => become(entity.decidedOn(state, run)), INTERNAL);
  setHandler(
    messages.release,
    (notice) => {
      const next = entity.left(state, notice, now());
      // Who is not believed says nothing to the trail either.
      if (next !== state) hear(self, notice.audit);
      become(next);
    },
    INTERNAL,
  );
  handleSwitches(self);
  handleEvictions(self);
  keepTrail(self, settle);
  become(state);
  const duty = takeUpDuty(self.target, self.read, governed);
  // Who holds it when it continues as new was let in before.
  let admitted = state.holder?.epoch ?? null;

  for (;;) {
    await condition(() => state.holder !== null || state.queue.length > 0 || mayContinue());
    if (mayContinue()) {
      if (!governed) await condition(allHandlersFinished);
      const carriedOn = { application, environment: name, state };
      return continueAsNew<typeof environment>(
        continueAfter === undefined ? carriedOn : { ...carriedOn, continueAfter },
      );
    }
    if (!state.holder) become(entity.handedOver(state, now()));
    const { holder } = state;
    if (!holder) continue;

    const isThere = admitted === holder.epoch || (await admit(holder));
    admitted = holder.epoch;
    const isGone = !isThere || (await untilLeft(holder)) === 'closed';
    if (isGone && holds(holder)) await bringBackWithout(holder);
  }

  /**
   * True when it is time to go on with a new history, and nothing under way would be cut in two: no handler, no recovery that is
   * not in the queue yet. Who holds the environment is watched on. (What was begun by an earlier version waits until nobody does.)
   */
  function mayContinue(): boolean {
    const isLong =
      workflowInfo().historyLength > (continueAfter ?? LONG_HISTORY) || workflowInfo().continueAsNewSuggested;
    return isLong && (governed ? allHandlersFinished() && duty.mayPause() : state.holder === null);
  }

  /** The handlers change `state` while the loop waits, so it is asked anew each time. */
  function holds(holder: Holder): boolean {
    return state.holder?.deploymentId === holder.deploymentId && state.holder.epoch === holder.epoch;
  }

  function refuse(run: QueuedRun, refusal: messages.Refusal): Promise<boolean> {
    return tell(run, messages.refused, refusal);
  }

  /** Tells the run that the environment is its own; false when it can't be told because it is gone. */
  async function admit(holder: Holder): Promise<boolean> {
    const { runId, epoch } = holder;
    const { incarnation, committed, quarantine, switches } = state;
    const evicted = Object.keys(state.evicted);
    return quarantine === null || !entity.isDeployment(holder)
      ? tell(holder, messages.granted, { incarnation, epoch, committed, evicted, runId, switches })
      : refuse(holder, {
          code: 'ENVIRONMENT_QUARANTINED',
          message: `${name} is quarantined: ${quarantine.reason}`,
        });
  }

  /** Until the run says that it leaves, is seen to be closed (terminated, timed out, reset), or the history is too long. */
  async function untilLeft(holder: Holder): Promise<'closed' | 'left or long'> {
    const watch = new CancellationScope();
    const onProgress = (since: string | null): void => become(stalled(state, holder, since));
    const closed = watch
      .run(() => untilClosed(holder, onProgress))
      .then(() => 'closed' as const)
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
        return 'left or long' as const;
      });
    await Promise.race([closed, condition(() => !holds(holder) || mayContinue())]);
    watch.cancel();
    return closed;
  }

  /** The holder is gone without a word: a run of its own makes the environment consistent, and says what the gone one can't. */
  async function bringBackWithout(holder: Holder): Promise<void> {
    self.note(holderGone(holder, now()));
    const notice = await rolledBack(holder).catch((error: unknown) => lost(holder, error));
    become(entity.left({ ...state, epoch: state.epoch + 1 }, notice, now()));
  }

  function rolledBack(holder: Holder): Promise<LeaveNotice> {
    return executeChild<typeof rollback>('rollback', {
      workflowId: messages.rollbackWorkflowId(name, holder.version, holder.deploymentId),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: messages.attributes({ application, environment: name, version: holder.version }),
      args: [
        {
          application,
          environment: name,
          gone: state.holder ?? holder,
          to: entity.target(state, state.holder ?? holder),
          grant: {
            incarnation: state.incarnation,
            epoch: state.epoch + 1,
            committed: state.committed,
            evicted: Object.keys(state.evicted),
            runId: holder.runId,
          },
        },
      ],
      staticSummary: `${holder.deploymentId} is gone: bring ${name} to one release`,
    });
  }

  /** The rollback itself was terminated: nobody knows what the hosts serve. The environment must outlive that, quarantined. */
  function lost(holder: Holder, error: unknown): LeaveNotice {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    const { deploymentId, runId } = holder;
    log.error('the rollback of a gone run was lost', { deploymentId, error: String(error) });
    const message = `PARTIAL: the run ${deploymentId} is gone, and so is its rollback; look at the hosts.`;
    const committed = entity.target(state, state.holder ?? holder);
    return { deploymentId, runId, outcome: 'PARTIAL', message, committed };
  }
}
