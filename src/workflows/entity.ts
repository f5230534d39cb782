import { getExternalWorkflowHandle, log, type SignalDefinition } from '@temporalio/workflow';
import type { AuditEvent } from '../domain/audit.js';
import type { EnvironmentState, QueuedRun } from '../domain/environment-state.js';
import type { Target } from './run.js';

/** One environment, as the rooms of its workflow share it. */
export interface Entity {
  readonly target: Target;
  readonly read: () => EnvironmentState;
  /** The only way in which the state changes. */
  readonly become: (next: EnvironmentState) => void;
  /** Gives an event to the audit trail. */
  readonly note: (event: AuditEvent) => void;
}

/** Says something to a run; false when it can't be told because it is gone. */
export async function tell<Args extends [unknown]>(
  { workflowId, runId }: Pick<QueuedRun, 'workflowId' | 'runId'>,
  signal: SignalDefinition<Args>,
  ...said: Args
): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(workflowId, runId).signal(signal, ...said);
    return true;
  } catch (error) {
    log.warn('a run could not be told', { workflowId, signal: signal.name, error: String(error) });
    return false;
  }
}
