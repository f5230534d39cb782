import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Client,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowHandle,
} from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import proto from '@temporalio/proto';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { temporalTestServer } from '../../setup/temporal-test-server.js';
import { bundleWorkflows, ownWorkflows } from '../../src/adapters/workflow-bundle.js';
import type { RecoveryRequest, RecoveryWish } from '../../src/domain/recovery.js';
import type { DeploymentRequest, DeploymentResult } from '../../src/domain/run.js';
import type { Switches, SwitchWish } from '../../src/domain/switches.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer } from '../../src/dev/temporal-server.js';
import * as messages from '../../src/workflows/messages.js';
import type { deployment } from '../../src/workflows/index.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { request } from '../domain/release-fixtures.js';
import { MockWorld } from './mock-activities.js';

export type DeploymentHandle = WorkflowHandle<typeof deployment>;

/** How a deployment's workflow ended. */
export interface Ended {
  readonly status: string;
  /** What the workflow returned, or carried in its failure. */
  readonly result: DeploymentResult;
  /** Type of the failure; undefined when it completed or was cancelled. */
  readonly code: string | undefined;
  readonly message: string;
}

/** One world on the test server: an environment nobody else uses, a worker, and what the activities did. */
export class Stage {
  private readonly started: WorkflowHandle[] = [];

  constructor(
    readonly world: MockWorld,
    readonly environment: string,
    readonly server: TestWorkflowEnvironment,
    /** Waits in real time; the server's own client lets time pass while it waits for a result. */
    readonly client: Client,
    readonly taskQueue: string,
  ) {}

  /** Starts a deployment of 1.0.0, or what `over` says. */
  async deploy(over: Partial<DeploymentRequest> = {}): Promise<DeploymentHandle> {
    const deploymentId = `20260101-120000-run${String(this.started.length + 1).padStart(3, '0')}`;
    const what = request({ environment: this.environment, deploymentId, ...over });
    const handle = await this.server.client.workflow.start<typeof deployment>('deployment', {
      workflowId: messages.deploymentWorkflowId(what.environment, what.version, what.deploymentId),
      taskQueue: this.taskQueue,
      args: [what],
    });
    this.started.push(handle);
    return handle;
  }

  /** Deploys and waits for the end, while time passes as it likes. */
  async deployed(over: Partial<DeploymentRequest> = {}): Promise<Ended> {
    return ended(await this.deploy(over));
  }

  /** Asks for a recovery. */
  async recover(wish: RecoveryWish, over: Partial<RecoveryRequest> = {}): Promise<DeploymentHandle> {
    const deploymentId = `20260101-130000-run${String(this.started.length + 1).padStart(3, '0')}`;
    const what: RecoveryRequest = {
      application: 'campus',
      environment: this.environment,
      deploymentId,
      requestedBy: 'ada',
      reason: 'because',
      wish,
      dryRun: false,
      ...over,
    };
    const handle = await this.server.client.workflow.start('recovery', {
      workflowId: messages.recoveryWorkflowId(wish.kind, what.environment, what.deploymentId),
      taskQueue: this.taskQueue,
      args: [what],
    });
    this.started.push(handle);
    return handle;
  }

  /** The environment's entity workflow. */
  entity(): WorkflowHandle {
    return this.client.workflow.getHandle(messages.environmentWorkflowId('campus', this.environment));
  }

  /** Sets or lifts a switch of the environment, which begins with it when it never had a run. */
  async flip(wish: SwitchWish): Promise<Switches> {
    const startWorkflowOperation = new WithStartWorkflowOperation('environment', {
      workflowId: messages.environmentWorkflowId('campus', this.environment),
      taskQueue: this.taskQueue,
      args: [{ application: 'campus', environment: this.environment }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    return this.client.workflow.executeUpdateWithStart(messages.flip, {
      args: [wish],
      startWorkflowOperation,
    });
  }

  async status(): Promise<messages.EnvironmentStatus> {
    return this.entity().query(messages.status);
  }

  /**
   * Waits until nothing is under way any more: a task that nobody takes, or that is terminated in the middle, would keep the
   * server's time from passing for the stories after this one.
   */
  async settle(): Promise<void> {
    for (const handle of this.started)
      if (!(await isClosed(handle))) await handle.terminate('the story has ended');
    const entity = await this.entity().describe().catch(nullWhenNotFound);
    if (entity?.status.name !== 'RUNNING') return;
    // What the environment still has to repair, it can: a world that stays broken would keep it busy.
    this.world.silent.clear();
    this.world.override = {};
    let left: readonly string[] = [];
    await until(async () => (left = await this.underWay()).length === 0).catch((error: unknown) => {
      throw new Error(`the environment did not come to rest: ${left.join(', ')}`, { cause: error });
    });
  }

  /** What the environment is still busy with, in words; a quarantine is lifted on the way. */
  private async underWay(): Promise<string[]> {
    const { holder, queue, evicted, quarantine, audit } = await this.status();
    // A recovery that ends as PARTIAL quarantines it again.
    if (quarantine && !holder)
      await this.entity().signal(messages.resolveSignal, { by: 'test', reason: 'the story has ended' });
    const { raw } = await this.entity().describe();
    const { pendingActivities, pendingChildren, pendingWorkflowTask } = raw;
    const isWithdrawn = Object.values(evicted).every(({ withdrawn }) => withdrawn);
    const isKept = audit.outbox.length === 0 || audit.trouble !== null;
    return [
      ...(holder ? [`held by ${holder.deploymentId}`] : []),
      ...queue.map(({ deploymentId }) => `${deploymentId} waits`),
      ...(quarantine ? ['quarantined'] : []),
      ...(isWithdrawn ? [] : ['an evicted host serves']),
      ...(isKept ? [] : [`${audit.outbox.length} lines of the trail wait`]),
      ...(pendingActivities ?? []).map((activity) => `activity ${JSON.stringify(activity)}`),
      ...(pendingChildren ?? []).map(({ workflowId }) => `child ${workflowId ?? ''}`),
      ...(pendingWorkflowTask ? ['a workflow task'] : []),
    ];
  }

  /** What the environment and the story's runs that are open are in the middle of, for the message of one that hangs. */
  async inTheMiddle(): Promise<string> {
    const all = [this.entity(), ...this.started].map(async (handle) => {
      const described = await handle.describe().catch(nullWhenNotFound);
      if (described?.status.name !== 'RUNNING') return [];
      const { raw } = described;
      const { events } = await handle.fetchHistory();
      const last = events?.slice(-6).map(({ eventType }) => eventType);
      return [
        `${handle.workflowId} ${JSON.stringify([raw.pendingActivities, raw.pendingWorkflowTask, last])}`,
      ];
    });
    const asked = this.status().catch((error: unknown) => ({ error: String(error) }));
    return [...(await Promise.all(all)).flat(), JSON.stringify(await asked)].join('; ');
  }

  /** Keeps the histories of this story where RECORD_HISTORIES says; see test/replay/README.md. */
  async record(): Promise<void> {
    const directory = process.env['RECORD_HISTORIES'];
    if (directory === undefined) return;
    for (const handle of [...this.started, this.entity()]) {
      const fetched = await handle.fetchHistory().catch(nullWhenNotFound);
      if (fetched === null) continue;
      const history = historyToJSON(fetched);
      const name = `${handle.workflowId.replaceAll('/', '-')}.json`;
      await writeFile(join(directory, name), `${history}\n`);
    }
  }

  /** The state of a run. */
  async phase(handle: WorkflowHandle): Promise<string> {
    return (await handle.query(messages.progress)).phase;
  }

  /** Waits in real time until a run is in a phase. */
  async reached(handle: WorkflowHandle, phase: string): Promise<void> {
    await until(async () => (await this.phase(handle)) === phase);
  }

  /** Waits until an activity was called; answers how often. */
  async called(name: Parameters<MockWorld['of']>[0], times = 1): Promise<void> {
    await until(() => Promise.resolve(this.world.of(name).length >= times));
  }
}

/** How long a story may take in real time: a busy machine loses a workflow task on the way now and then, which costs ten seconds. */
const STORY_MS = 75_000;

async function isClosed(handle: WorkflowHandle): Promise<boolean> {
  return (await handle.describe()).status.name !== 'RUNNING';
}

function nullWhenNotFound(error: unknown): null {
  if (error instanceof WorkflowNotFoundError) return null;
  throw error;
}

const PATIENCE_MS = 45_000;

/** Waits in real time for a condition. */
export async function until(condition: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not so after ${patienceMs} ms: ${condition.toString()}`);
    await delay(20);
  }
}

/** Waits for a deployment's end; time passes as it likes. */
export async function ended(handle: WorkflowHandle): Promise<Ended> {
  try {
    const result = (await handle.result()) as DeploymentResult;
    return { status: 'COMPLETED', result, code: undefined, message: result.message };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const cause = error.cause as Error & { type?: string; details?: unknown[] };
    const { status } = await handle.describe();
    const [result] = cause.details ?? [];
    return {
      status: status.name,
      result: result as DeploymentResult,
      code: cause.type,
      message: cause.message,
    };
  }
}

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/** The test server can add search attributes but not list them, so the product's own registration does not work on it. */
async function addSearchAttributes({ connection }: TestWorkflowEnvironment): Promise<void> {
  const searchAttributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]),
  );
  await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
}

function installRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
}

/** The SDK waits five seconds for its server; a busy machine may need longer once. */
async function startPatiently(path: string, tries = 6): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (tries <= 1) throw error;
    return startPatiently(path, tries - 1);
  }
}

/** The server of one test file. */
export class TestServer {
  private stages = 0;

  private constructor(
    private readonly server: TestWorkflowEnvironment,
    private readonly client: Client,
    private readonly stopServer: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** The time-skipping server. */
  static async start(): Promise<TestServer> {
    installRuntime();
    const path = await temporalTestServer();
    const server = await startPatiently(path);
    await addSearchAttributes(server);
    return new TestServer(server, new Client({ connection: server.connection }));
  }

  /** A development server, whose time is real. */
  static async startReal(): Promise<TestServer> {
    installRuntime();
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-workflows-'));
    const started = await startTemporalServer({
      port: await freePort(),
      uiPort: await freePort(),
      database: join(directory, 'temporal.db'),
      logFile: join(directory, 'temporal.log'),
    });
    const server = await TestWorkflowEnvironment.createFromExistingServer({ address: started.address });
    return new TestServer(server, new Client({ connection: server.connection }), async () => {
      await started.stop();
      await rm(directory, { recursive: true, force: true });
    });
  }

  async stop(): Promise<void> {
    await this.server.teardown();
    await this.stopServer();
  }

  /** Runs a story in a world of its own; a long one says how long it may take, and brings workflows of its own. */
  async play<T>(
    story: (stage: Stage) => Promise<T>,
    world = new MockWorld(),
    { workflowsPath, storyMs = STORY_MS }: { workflowsPath?: string; storyMs?: number } = {},
  ): Promise<T> {
    this.stages += 1;
    const taskQueue = `stage-${this.stages}`;
    const worker = await Worker.create({
      connection: this.server.nativeConnection,
      taskQueue,
      workflowBundle: await (workflowsPath ? bundleWorkflows(workflowsPath) : ownWorkflows()),
      activities: world.activities(this.client),
      maxHeartbeatThrottleInterval: '100ms',
      shutdownForceTime: '5s',
    });
    const stage = new Stage(world, `test-${this.stages}`, this.server, this.client, taskQueue);
    return worker.runUntil(async () => {
      const told = await within(story(stage), storyMs, stage).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
      await stage.settle().catch((error: unknown) => {
        // What went wrong first says more.
        throw 'error' in told ? told.error : error;
      });
      await stage.record();
      if ('error' in told) throw told.error;
      return told.result;
    });
  }
}

/** A story that hangs must end before Jest gives up, else the worker outlives its server. */
async function within<T>(story: Promise<T>, storyMs: number, stage: Stage): Promise<T> {
  const patience = new AbortController();
  const tooLong = delay(storyMs, 'too long' as const, { signal: patience.signal });
  tooLong.catch(() => {
    // The story ended in time.
  });
  const first = await Promise.race([story.then((result) => ({ result })), tooLong]).finally(() =>
    patience.abort(),
  );
  if (first !== 'too long') return first.result;
  const soFar = stage.world.story().join(', ');
  throw new Error(
    `the story did not end within ${storyMs} ms; so far: ${soFar}; now: ${await stage.inTheMiddle()}`,
  );
}
