import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { QueuedRun } from '../../src/domain/environment-state.js';
import * as messages from '../../src/workflows/messages.js';
import { MockWorld } from './mock-activities.js';
import { go, type turn, type Turn } from './stubs/turns.js';
import { TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.startReal();
}, 300_000);
afterAll(() => server.stop());

const WORKFLOWS = join(import.meta.dirname, 'stubs', 'turns.ts');
/** QUEUED=500 tries it with as many. */
const QUEUED = Number(process.env['QUEUED'] ?? 100);
/** So short a history makes the environment continue as new some dozens of times. */
const CONTINUE_AFTER = 40;
const PATIENCE_MS = 60_000 + QUEUED * 1_500;

interface Waiting {
  readonly handle: WorkflowHandle<typeof turn>;
  readonly run: QueuedRun;
}

/** A run that only takes its turn, and what it would say to join. */
async function begin(stage: Stage, number: number, over: Partial<QueuedRun> = {}): Promise<Waiting> {
  const deploymentId = `20260101-120000-turn${String(number).padStart(4, '0')}`;
  const workflowId = `turn/${stage.environment}/${deploymentId}`;
  const handle = await stage.client.workflow.start<typeof turn>('turn', {
    workflowId,
    taskQueue: stage.taskQueue,
    args: [{ environment: stage.environment, deploymentId, holds: number === 0 }],
  });
  const run = {
    kind: 'deployment' as const,
    deploymentId,
    workflowId,
    runId: handle.firstExecutionRunId,
    version: '1.0.0',
    requestedBy: 'ada',
    enqueuedAt: new Date().toISOString(),
    ...over,
  };
  return { handle, run };
}

function enqueue(stage: Stage, { run }: Waiting): Promise<unknown> {
  return stage.client.workflow.signalWithStart('environment', {
    workflowId: messages.environmentWorkflowId('campus', stage.environment),
    taskQueue: stage.taskQueue,
    args: [{ application: 'campus', environment: stage.environment, continueAfter: CONTINUE_AFTER }],
    signal: messages.enqueue,
    signalArgs: [run],
  });
}

/** So many at a time. */
async function inBatches<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += 8) await Promise.all(all.slice(at, at + 8).map(work));
}

async function lives(stage: Stage): Promise<number> {
  let count = 0;
  for await (const { status } of stage.client.workflow.list({
    query: `WorkflowId = '${messages.environmentWorkflowId('campus', stage.environment)}'`,
  }))
    if (status.name === 'CONTINUED_AS_NEW') count += 1;
  return count;
}

test(
  `${QUEUED} that wait each get their turn, once and in order, while the environment continues as new again and again`,
  () => {
    const world = new MockWorld();
    world.watcher = 'real';
    const story = async (stage: Stage): Promise<void> => {
      const holder = await begin(stage, 0);
      const waiting: Waiting[] = [];
      await enqueue(stage, holder);
      await until(async () => (await stage.status()).holder !== null);

      // Held all the time: more join, join twice, leave the queue, and strangers talk.
      const numbers = Array.from({ length: QUEUED }, (_, index) => index + 1);
      await inBatches(numbers, async (number) => {
        const one = await begin(stage, number);
        waiting.push(one);
        await enqueue(stage, one);
        await stage.entity().signal('decided', { deploymentId: 'nobody', runId: 'none' });
        if (number % 5 === 0) await enqueue(stage, one);
        if (number % 10 === 0) await one.handle.signal(messages.abort);
      });
      const staying = QUEUED - Math.floor(QUEUED / 10);
      await until(async () => (await stage.status()).queue.length === staying, PATIENCE_MS);
      const { holder: held, queue } = await stage.status();
      expect(held).toMatchObject({ deploymentId: holder.run.deploymentId, epoch: 1 });
      const livesWhileHeld = await lives(stage);
      expect(livesWhileHeld).toBeGreaterThan(1);
      const last = queue.at(-1);
      expect(await stage.entity().query(messages.position, last?.deploymentId ?? '')).toEqual({
        position: staying,
        of: staying,
        holder: `${holder.run.deploymentId} (1.0.0)`,
      });

      await holder.handle.signal(go);
      const turns = new Map<string, Turn>();
      await inBatches(waiting, async ({ handle, run }) => turns.set(run.deploymentId, await handle.result()));
      const epochs = queue.map(({ deploymentId }) => turns.get(deploymentId)?.epochs);
      expect(epochs).toEqual(queue.map((_, index) => [index + 2]));
      const others = waiting.filter(({ run }) => !queue.some((one) => one.deploymentId === run.deploymentId));
      expect(others.map(({ run }) => turns.get(run.deploymentId)?.epochs)).toEqual(others.map(() => []));

      await until(async () => (await stage.status()).holder === null);
      // An epoch more would be a turn more, or a holder that was taken for gone.
      expect(await stage.status()).toMatchObject({ epoch: staying + 1, queue: [] });
      console.info(
        `${QUEUED} waited; continued as new ${livesWhileHeld} times while held, ${await lives(stage)} in all`,
      );
    };
    return server.play(story, world, { workflowsPath: WORKFLOWS, storyMs: PATIENCE_MS });
  },
  PATIENCE_MS + 60_000,
);
