import {
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import * as messages from '../../../src/workflows/messages.js';

export * from '../../../src/workflows/index.js';

/** Lets the run go that holds its environment until it is told. */
export const go = defineSignal('go');

/** What became of a run that only takes its turn. */
export interface Turn {
  /** Epochs of its grants; a run has one turn. */
  readonly epochs: readonly number[];
  readonly refused: readonly string[];
}

/** The least that a run is for its environment: it waits for its turn, takes it, and leaves. */
export async function turn(run: {
  readonly environment: string;
  readonly deploymentId: string;
  readonly holds: boolean;
  /** It says that a quarantine is over. */
  readonly repairs?: boolean;
}): Promise<Turn> {
  const { deploymentId, environment, holds, repairs = false } = run;
  const epochs: number[] = [];
  const refused: string[] = [];
  let isOver = !holds;
  const aborts: string[] = [];
  setHandler(messages.granted, ({ epoch }) => void epochs.push(epoch));
  setHandler(messages.refused, ({ code }) => void refused.push(code));
  setHandler(messages.abort, (said) => void aborts.push(said?.by ?? 'somebody'));
  setHandler(go, () => void (isOver = true));
  await condition(() => aborts.length > 0 || refused.length > 0 || (epochs.length > 0 && isOver));
  const entity = getExternalWorkflowHandle(messages.environmentWorkflowId('campus', environment));
  await entity.signal(messages.release, {
    deploymentId,
    runId: workflowInfo().runId,
    outcome: aborts.length > 0 ? 'WITHDRAWN' : 'SUCCEEDED',
    message: 'over',
    consistent: repairs,
  });
  return { epochs, refused };
}
