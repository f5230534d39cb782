import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enqueue } from '../../src/activities/environment.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { newEnvironment, type EnvironmentState, type QueuedRun } from '../../src/domain/environment-state.js';
import * as messages from '../../src/workflows/messages.js';
import { HOSTS, release } from '../domain/release-fixtures.js';
import { gate, MockWorld } from './mock-activities.js';
import { go, type turn } from './stubs/turns.js';
import { TestServer, until, type Stage } from './test-server.js';

// What an environment does by itself, while it continues as new again and again.
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.startReal();
}, 300_000);
afterAll(() => server.stop());

const WITH_STUBS = { workflowsPath: join(import.meta.dirname, 'stubs', 'turns.ts') };

async function waitingFor(stage: Stage, count: number): Promise<void> {
  await until(async () => (await stage.status()).queue.length === count);
}

/** Nothing is lost but the word that all is well: the environment converges by itself. */
const QUARANTINED: EnvironmentState = {
  ...newEnvironment('one'),
  committed: release('1.0.0'),
  hosts: HOSTS,
  quarantine: { reason: 'test', since: '2026-01-01T12:00:00Z', deploymentId: 'before', lost: [] },
};

async function startEnvironment(stage: Stage, state: EnvironmentState): Promise<void> {
  await stage.client.workflow.start('environment', {
    workflowId: messages.environmentWorkflowId('campus', stage.environment),
    taskQueue: stage.taskQueue,
    args: [{ application: 'campus', environment: stage.environment, state, continueAfter: 40 }],
  });
}

/** Makes its history long. */
async function chatter(stage: Stage): Promise<void> {
  for (let count = 0; count < 15; count += 1)
    await stage.entity().signal('decided', { deploymentId: 'nobody', runId: 'none' });
}

async function life(stage: Stage): Promise<string> {
  return (await stage.entity().describe()).runId;
}

describe('an environment that repairs itself', () => {
  test('goes on as new while it does, and begins no second repair', () => {
    const [joining, restoring] = [gate(), gate()];
    const world = new MockWorld();
    world.watcher = 'real';
    return server.play(async (stage) => {
      world.override = {
        enqueue: (call) =>
          joining.passed.then(() => enqueue({ temporal: stage.client } as Dependencies, call)),
        restore: (call) => restoring.passed.then(() => world.restored(call)),
      };
      await startEnvironment(stage, QUARANTINED);
      await stage.called('enqueue');
      const first = await life(stage);
      await until(async () => {
        await chatter(stage);
        return (await stage.entity().describe()).historyLength > 60;
      });
      // It has begun what it does not know of yet: were it new now, it would begin it again.
      expect(await life(stage)).toBe(first);

      joining.open();
      await until(async () => (await life(stage)) !== first);
      await stage.called('restore');
      const second = await life(stage);
      await until(async () => {
        await chatter(stage);
        return (await life(stage)) !== second;
      });
      expect((await stage.status()).holder?.kind).toBe('converge');
      restoring.open();
      await until(async () => (await stage.status()).quarantine === null);
      expect(world.of('planRecovery')).toHaveLength(1);
    }, world);
  }, 150_000);

  test('leaves it to one that waits already, at its start and whenever a holder leaves', () => {
    const world = new MockWorld();
    world.watcher = 'real';
    const story = async (stage: Stage): Promise<void> => {
      const [first, second, third] = [
        await beginTurn(stage, 'one', false),
        await beginTurn(stage, 'two', false),
        await beginTurn(stage, 'three', true),
      ];
      await startEnvironment(stage, { ...QUARANTINED, queue: [first.run] });
      for (const { run } of [second, third]) await stage.entity().signal(messages.enqueue, run);
      await waitingFor(stage, 2);
      for (const { handle } of [first, second, third]) {
        await until(async () => (await stage.status()).holder?.workflowId === handle.workflowId);
        await handle.signal(go);
      }
      expect((await third.handle.result()).epochs).toEqual([3]);
      await until(async () => (await stage.status()).quarantine === null);
      expect(world.of('enqueue')).toEqual([]);
    };
    return server.play(story, world, WITH_STUBS);
  }, 150_000);
});

/** A stub that converges, or says so. */
async function beginTurn(stage: Stage, name: string, repairs: boolean) {
  const { environment } = stage;
  const deploymentId = `20260101-120000-${name}`;
  const handle = await stage.client.workflow.start<typeof turn>('turn', {
    workflowId: `turn/${environment}/${name}`,
    taskQueue: stage.taskQueue,
    args: [{ environment, deploymentId, holds: true, repairs }],
  });
  const run: QueuedRun = {
    kind: 'converge',
    deploymentId,
    workflowId: handle.workflowId,
    runId: handle.firstExecutionRunId,
    version: 'converge',
    requestedBy: 'ada',
    enqueuedAt: '2026-01-01T12:00:00Z',
  };
  return { handle, run };
}
