import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { HolderWatch } from './environment.js';

/** Goes on beside the steps of a run, however they fare. */
const BESIDE = 'holdLeases';

/** What the running steps of a run said last, and since when they have said no more. */
interface Said {
  readonly mark: string;
  /** In milliseconds. */
  readonly at: number;
}

/**
 * When a run has last made progress: an event in its history, or a step that says something new with its heartbeat. Lost workers
 * that are replaced again and again are none.
 */
export class HolderProgress {
  private said: Said | null = remembered();
  private eventAt = 0;
  private historyLength = -1;

  constructor(
    private readonly temporal: Client,
    private readonly watch: HolderWatch,
    /** Keeps a text for the worker that takes over, should this one be lost. */
    private readonly keep: (text: string) => void,
  ) {}

  /** In milliseconds; `null` when nobody can say: Temporal did not answer, or does not know the run any more. */
  async movedAt(): Promise<number | null> {
    try {
      return await this.look();
    } catch (error) {
      // Whether it is closed is the other half of the watch; this half looks again later.
      Context.current().log.debug('no look at the holder', { error: String(error) });
      return null;
    }
  }

  private async look(): Promise<number> {
    const { workflowId, runId } = this.watch;
    const handle = this.temporal.workflow.getHandle(workflowId, runId);
    const { historyLength, raw } = await handle.describe();
    if (historyLength !== this.historyLength) {
      this.eventAt = await this.lastEventAt();
      this.historyLength = historyLength;
    }
    const details = (raw.pendingActivities ?? [])
      .filter(({ activityType }) => activityType?.name !== BESIDE)
      .flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? [])
      .flatMap(({ data }) => (data && !isNothing(data) ? [data] : []));
    return Math.max(this.eventAt, this.lastSaidAt(details));
  }

  /** What was said before this watch began counts as old where the holder is known to have stalled, and as new elsewhere. */
  private lastSaidAt(details: readonly Uint8Array[]): number {
    if (details.length === 0) return 0;
    const hash = createHash('sha256');
    for (const data of details) hash.update(data).update('\n');
    const mark = hash.digest('hex').slice(0, 16);
    if (this.said?.mark !== mark) {
      const { stalledSince } = this.watch;
      const isFirst = this.said === null && typeof stalledSince === 'string';
      this.said = { mark, at: isFirst ? Date.parse(stalledSince) : Date.now() };
      this.keep(`the holder said something new at ${new Date(this.said.at).toISOString()} (${mark})`);
    }
    return this.said.at;
  }

  private async lastEventAt(): Promise<number> {
    const { workflowId, runId } = this.watch;
    const { history } = await this.temporal.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: this.temporal.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const time = history?.events?.[0]?.eventTime;
    return time ? Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6) : 0;
  }
}

/** A step that has nothing to say beats all the same. */
function isNothing(data: Uint8Array): boolean {
  return data.length === 0 || Buffer.from(data).toString() === '""';
}

/** What a worker that was lost had kept. */
function remembered(): Said | null {
  const kept: unknown = Context.current().info.heartbeatDetails;
  const [, at, mark] = /new at (\S+) \((\w+)\)$/.exec(typeof kept === 'string' ? kept : '') ?? [];
  return at === undefined || mark === undefined ? null : { mark, at: Date.parse(at) };
}
