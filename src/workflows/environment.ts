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
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { holderGone, withEvents } from '../domain/audit-events.js';
import { noted } from '../domain/audit-trail.js';
import * as entity from '../domain/environment-state.js';
import type { EnvironmentState, Holder, LeaveNotice, QueuedRun } from '../domain/environment-state.js';
import { renderEnvironment } from '../domain/environment-view.js';
import { watching } from './activities.js';
import { stayOnDuty } from './duty.js';
import { tell, type Entity } from './entity.js';
import { handleEvictions } from './eviction.js';
import { hear, keepTrail } from './keep-trail.js';
import * as messages from './messages.js';
import type { rollback } from './rollback.js';
import { handleSwitches } from './switchboard.js';

/** Which environment it is, and what it carries over from its earlier history. */
export interface EnvironmentInput {
  readonly application: string;
  readonly environment: string;
  readonly state?: EnvironmentState;
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
}: EnvironmentInput): Promise<never> {
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
  setHandler(messages.enqueue, async (run) => {
    const objection = entity.objectionToJoining(state, run);
    become(entity.joined(state, run));
    if (objection !== null) await refuse(run, { code: 'RUN_WAS_RESET', message: objection });
  });
  setHandler(messages.began, (what) => become(entity.begun(state, what)));
  setHandler(messages.decided, (run) => become(entity.decidedOn(state, run)));
  setHandler(messages.release, (notice) => {
    const next = entity.left(state, notice, now());
    // Who is not believed says nothing to the trail either.
    if (next !== state) hear(self, notice.audit);
    become(next);
  });
  handleSwitches(self);
  handleEvictions(self);
  keepTrail(self, settle);
  become(state);
  stayOnDuty(self.target, self.read).catch((error: unknown) => {
    if (!isCancellation(error))
      log.error('the environment no longer repairs itself', { error: String(error) });
  });

  for (;;) {
    await condition(() => state.holder !== null || state.queue.length > 0 || isLong());
    if (!state.holder && isLong()) {
      await condition(allHandlersFinished);
      return continueAsNew<typeof environment>({ application, environment: name, state });
    }
    if (!state.holder) become(entity.handedOver(state, now()));
    const { holder } = state;
    if (!holder) continue;

    if (await admit(holder)) await untilLeft(holder);
    if (holds(holder)) await bringBackWithout(holder);
  }

  function isLong(): boolean {
    return workflowInfo().historyLength > LONG_HISTORY || workflowInfo().continueAsNewSuggested;
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

  /** Until the run says that it leaves, or is seen to be closed: terminated, timed out, reset. */
  async function untilLeft(holder: Holder): Promise<void> {
    const watch = new CancellationScope();
    const closed = watch
      .run(() => untilClosed(holder))
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
    await Promise.race([closed, condition(() => !holds(holder))]);
    watch.cancel();
    await closed;
  }

  /** A watch that fails says nothing of the holder: neither must the environment end with it, nor the holder lose its place. */
  async function untilClosed({ workflowId, runId }: Holder): Promise<void> {
    for (;;) {
      try {
        await watching.watchHolder({ workflowId, runId });
        return;
      } catch (error) {
        if (CancellationScope.current().consideredCancelled) throw error;
        log.warn('the watch over the holder failed and is begun again', { workflowId, error: String(error) });
        await sleep('5s');
      }
    }
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
