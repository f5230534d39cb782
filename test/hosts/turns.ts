import { defaultPayloadConverter } from '@temporalio/common';
import type { RunRecord } from '../../src/domain/run.js';
import { enqueue, environmentWorkflowId, release } from '../../src/workflows/messages.js';
import type { CampusLab } from './campus-lab.js';

/** What the environment was told of runs, in the order in which it heard it. */
export interface Turns {
  /** Deployment ids, as they joined the queue. */
  readonly joined: readonly string[];
  /** Deployment ids, as they left. */
  readonly left: readonly string[];
}

/** Read from the history of the environment's workflow, which nobody can write after the fact. */
export async function turnsOf({ client }: CampusLab): Promise<Turns> {
  const handle = client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  const { events } = await handle.fetchHistory();
  const said = (name: string): string[] => {
    const ids = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
      const [payload] = signal?.input?.payloads ?? [];
      if (signal?.signalName !== name || !payload) return [];
      return [defaultPayloadConverter.fromPayload<{ deploymentId: string }>(payload).deploymentId];
    });
    // The environment may be told the same twice, and minds it once.
    return [...new Set(ids)];
  };
  return { joined: said(enqueue.name), left: said(release.name) };
}

/** Pairs of runs that were both at work on the hosts at some moment; there must be none. */
export function overlaps(records: readonly RunRecord[]): string[] {
  const stretches = records.flatMap(({ deploymentId, steps, endedAt }) => {
    // Only who holds the environment plans, where nothing waits for approval.
    const from = steps.find(({ title }) => title === 'plan')?.startedAt;
    return from === undefined || from === null
      ? []
      : [{ deploymentId, from: Date.parse(from), to: Date.parse(endedAt) }];
  });
  stretches.sort((a, b) => a.from - b.from);
  return stretches.flatMap((one, index) => {
    const next = stretches[index + 1];
    return next && next.from < one.to ? [`${one.deploymentId} and ${next.deploymentId}`] : [];
  });
}
