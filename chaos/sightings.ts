import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Moment, Step } from './draw-types.js';
import type { Timeline } from './timeline.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type HistoryPage = temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse;

const EVERY_MS = 100;
const NAMESPACE = 'default';

/** Steps by their activities, beside activations. */
const STEP_OF: Readonly<Record<string, Step>> = {
  plan: 'plan',
  planRecovery: 'plan',
  stage: 'stage',
  migrate: 'migrate',
  check: 'check',
  prepare: 'prepare',
  commit: 'commit',
  record: 'record',
  restore: 'restore',
};

/** Somebody who waits for a moment. */
interface Waiting {
  readonly step: Step;
  readonly nth: number;
  readonly resolve: (reached: boolean) => void;
}

/** An activity's summary, as the Web UI shows it: `web-1: backend 2.0.0`. */
function summaryOf({ userMetadata }: HistoryEvent): string {
  const data = userMetadata?.summary?.data;
  return data ? String(JSON.parse(Buffer.from(data).toString('utf8'))) : '';
}

function stepOf(type: string, summary: string): Step | null {
  if (type !== 'activate') return STEP_OF[type] ?? null;
  return summary.includes(': backend ') ? 'backend' : 'frontend';
}

/**
 * Reads what the runs of an environment are doing from their histories as they grow: with nothing of the product's own, and while
 * every worker is dead. A server that is away is waited for.
 */
export class Sightings {
  private readonly counts = new Map<Step, number>();
  private readonly followed = new Set<string>();
  private readonly waiting: Waiting[] = [];
  private isWanted = true;

  private constructor(
    private readonly client: Client,
    private readonly timeline: Timeline,
  ) {}

  /** Begins; runs that are there already don't count. */
  static async start(client: Client, timeline: Timeline): Promise<Sightings> {
    const sightings = new Sightings(client, timeline);
    for (const { workflowId, runId } of await sightings.runs())
      sightings.followed.add(`${workflowId} ${runId}`);
    void sightings.discover();
    return sightings;
  }

  /** Resolves with `true` when the moment's activity begins (or has begun), with `false` when it is given up before. */
  async until({ step, nth }: Moment, signal: AbortSignal): Promise<boolean> {
    if ((this.counts.get(step) ?? 0) >= nth) return true;
    if (signal.aborted) return false;
    return new Promise((resolve) => {
      this.waiting.push({ step, nth, resolve });
      signal.addEventListener('abort', () => resolve(false), { once: true });
    });
  }

  /** Ends. Calls that are open end with the client's connection. */
  stop(): void {
    this.isWanted = false;
  }

  private async runs(): Promise<{ workflowId: string; runId: string }[]> {
    const found = [];
    for await (const { workflowId, runId } of this.client.workflow.list()) found.push({ workflowId, runId });
    return found.filter(({ workflowId }) => !workflowId.startsWith('environment/'));
  }

  private async discover(): Promise<void> {
    while (this.isWanted) {
      // A server that was killed comes back.
      for (const { workflowId, runId } of await this.runs().catch(() => [])) {
        const key = `${workflowId} ${runId}`;
        if (this.followed.has(key)) continue;
        this.followed.add(key);
        this.timeline.note(`${workflowId} is there`);
        void this.follow(workflowId, runId);
      }
      await delay(EVERY_MS);
    }
  }

  private async follow(workflowId: string, runId: string): Promise<void> {
    let last = 0;
    let nextPageToken: Uint8Array | null = null;
    while (this.isWanted) {
      try {
        const answer: HistoryPage = await this.client.workflowService.getWorkflowExecutionHistory({
          namespace: NAMESPACE,
          execution: { workflowId, runId },
          waitNewEvent: true,
          ...(nextPageToken === null ? {} : { nextPageToken }),
        });
        for (const event of answer.history?.events ?? []) {
          const id = Number(event.eventId);
          if (id > last) this.see(workflowId, event);
          last = Math.max(last, id);
        }
        if (answer.nextPageToken.length === 0) return;
        nextPageToken = answer.nextPageToken;
      } catch {
        // The server is away, or another one is there which does not know the page.
        nextPageToken = null;
        await delay(EVERY_MS);
      }
    }
  }

  private see(workflowId: string, event: HistoryEvent): void {
    if (event.activityTaskCompletedEventAttributes) this.count('between');
    const type = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (type === undefined || type === null) return;
    const summary = summaryOf(event);
    const step = stepOf(type, summary);
    this.timeline.note(`${workflowId}: ${type}${summary === '' ? '' : ` (${summary})`}`);
    if (step !== null) this.count(step);
  }

  private count(step: Step): void {
    this.counts.set(step, (this.counts.get(step) ?? 0) + 1);
    const reached = this.counts.get(step) ?? 0;
    for (const one of this.waiting) if (one.step === step && one.nth <= reached) one.resolve(true);
  }
}
