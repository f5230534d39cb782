import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { AcceptedRun } from './checker/types.js';
import type { RecoveryResult } from '../src/domain/recovery.js';
import type { Place } from './place.js';
import { describeTimeline } from './timeline.js';

/** Workflow types that are runs of their own, with a record; a `rollback` ends what another one was accepted for. */
const RUNS = ['deployment', 'recovery'];

/** What Temporal knows of everything that was ever begun. */
export interface Known {
  readonly runs: readonly AcceptedRun[];
  /** As Temporal exports them. A run that was continued as new has one for each part, by its run id. */
  readonly histories: ReadonlyMap<string, string>;
}

/** Where a recovery has brought the hosts, by its own result, which one that failed has too; empty: it has none. */
async function releaseOf(client: Client, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle<() => Promise<RecoveryResult>>(workflowId);
  const result = await handle.result().catch((error: unknown) => {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    return cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<RecoveryResult>) : undefined;
  });
  return result?.plan?.to?.version ?? result?.version ?? '';
}

/** Runs and histories of a place, by Temporal's own word. */
export async function readTemporal({ client }: Place): Promise<Known> {
  const runs: AcceptedRun[] = [];
  const histories = new Map<string, string>();
  for await (const { workflowId, runId, type, status } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.set(histories.has(workflowId) ? `${workflowId} ${runId}` : workflowId, historyToJSON(history));
    if (!RUNS.includes(type)) continue;
    const parts = workflowId.split('/');
    const version =
      type === 'deployment'
        ? (parts.at(-2) ?? '')
        : status.name === 'RUNNING'
          ? ''
          : await releaseOf(client, workflowId);
    runs.push({
      deploymentId: parts.at(-1) ?? '',
      workflowId,
      version: version,
      status: status.name,
    });
  }
  // The newest comes first.
  return { runs: runs.reverse(), histories };
}

/** Keeps what lies elsewhere beside the place's own logs: histories, journals of the hosts, the timeline. */
export async function keepEvidence(place: Place, { histories }: Known): Promise<void> {
  const { directory, lab, timeline } = place;
  await writeFile(join(directory, 'timeline.txt'), `${describeTimeline(timeline.entries)}\n`);
  const historyFolder = join(directory, 'histories');
  await mkdir(historyFolder);
  for (const [id, json] of histories)
    await writeFile(join(historyFolder, `${id.replaceAll('/', '_')}.json`), json);
  for (const { name } of lab.hosts) {
    const { stdout } = await lab.run(name, ['journalctl', '--no-pager', '--output=short-precise']);
    await writeFile(join(directory, `${name}.journal`), stdout);
  }
}
