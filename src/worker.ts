import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { CodedFailures } from './activities/coded-failures.js';
import type { Dependencies } from './activities/dependencies.js';
import { createActivities, type Activities } from './activities/index.js';
import { Ansible } from './adapters/ansible/ansible.js';
import { readInventory } from './adapters/ansible/inventory.js';
import { AnsibleProgram } from './adapters/ansible/program.js';
import { auditStore } from './adapters/audit-store.js';
import { Flyway } from './adapters/flyway.js';
import { openRepository } from './adapters/github/repository.js';
import { HostProgram } from './adapters/host-program.js';
import {
  environmentMetrics,
  serveMetrics,
  type MetricsAddress,
  type MetricsServer,
} from './adapters/metrics.js';
import { RecordStore } from './adapters/record-store.js';
import { registerSearchAttributes } from './adapters/search-attributes.js';
import { SshConnections } from './adapters/ssh/connections.js';
import { connect, type TemporalSettings } from './adapters/temporal-connection.js';
import { connectWorker } from './adapters/temporal-worker-connection.js';
import { ownWorkflows } from './adapters/workflow-bundle.js';
import type { Config } from './config/load.js';
import { queueFigures } from './queue-figures.js';
import { taskQueue } from './workflows/messages.js';

/** What a worker process needs to be told. */
export interface WorkerOptions {
  readonly config: Config;
  readonly settings: TemporalSettings;
  /** Where metrics are served; left out: nowhere. */
  readonly metrics?: MetricsAddress;
  /** For tests, which put something between a worker and the outside: replaces some of what its activities work with. */
  readonly instead?: Partial<Dependencies>;
  /** For measurements without hosts: activities that are carried out instead of the real ones. */
  readonly activities?: Partial<Activities>;
}

/** A worker that runs until it is told to stop. */
export interface RunningWorker {
  /** Resolves when it has stopped after `stop()`, rejects when it failed. */
  readonly done: Promise<void>;
  /** Lets what runs come to a safe point (its cancellation or end), then stops. */
  readonly stop: () => void;
  /** Where its metrics are; `null`: nowhere. */
  readonly metrics: MetricsAddress | null;
}

/** How a worker reaches hosts: what has to be closed when it ends. */
interface Reach {
  readonly ssh: SshConnections;
  readonly ansible: AnsibleProgram;
}

async function createWorker(
  { config, settings, instead = {}, activities = {} }: WorkerOptions,
  native: NativeConnection,
  client: Client,
  { ssh, ansible }: Reach,
): Promise<Worker> {
  const [environment] = config.environments.values();
  return Worker.create({
    connection: native,
    namespace: settings.namespace,
    taskQueue: taskQueue(config.application),
    workflowBundle: await ownWorkflows(),
    activities: {
      ...createActivities({
        config,
        ssh,
        program: new HostProgram(ssh),
        ansible,
        readInventory: (inventory, signal) => readInventory(new Ansible(), inventory, signal),
        flyway: new Flyway(),
        openRepository,
        records: new RecordStore(environment?.records ?? '.'),
        audit: auditStore(config.audit),
        temporal: client,
        runner: hostname(),
        ...instead,
      }),
      ...activities,
    },
    interceptors: { activity: [() => ({ inbound: new CodedFailures() })] },
    // Cancellation reaches an activity with its heartbeats; the default would keep them back for four seconds.
    // How often activities beat is theirs to say.
    maxHeartbeatThrottleInterval: '100ms',
    shutdownGraceTime: '10s',
    // How long a run waits for the worker that knows it, before any other may go on with it.
    stickyQueueScheduleToStartTimeout: '2s',
    // Each environment in use has two activities that only wait, beside those on its hosts: with fewer places than that, watchers
    // take them all, and no step of any run begins any more.
    maxConcurrentActivityTaskExecutions: 2_000,
  });
}

let isRuntimeInstalled = false;

/** Once a process: our own signal handlers decide when to stop, and routine matters stay out of the log. */
function installRuntime(): void {
  if (isRuntimeInstalled) return;
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  isRuntimeInstalled = true;
}

async function startMetrics(
  { config, metrics }: WorkerOptions,
  client: Client,
): Promise<MetricsServer | null> {
  if (!metrics) return null;
  const { application, environments } = config;
  const registry = environmentMetrics({
    application,
    environments: [...environments.keys()],
    ask: (environment) => queueFigures(client, application, environment),
  });
  return serveMetrics(registry, metrics);
}

async function prepare(
  options: WorkerOptions,
  client: Client,
): Promise<{ native: NativeConnection; reach: Reach; worker: Worker }> {
  const native = await connectWorker(options.settings);
  const reach = { ssh: new SshConnections(), ansible: new AnsibleProgram(new Ansible()) };
  return { native, reach, worker: await createWorker(options, native, client, reach) };
}

/**
 * Starts a worker for an application.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED, CONFIG_INVALID
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  installRuntime();
  const { settings } = options;
  const connection = await connect(settings);
  await registerSearchAttributes(connection, settings.namespace);
  const client = new Client({ connection, namespace: settings.namespace });
  const metrics = await startMetrics(options, client).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  const { native, reach, worker } = await prepare(options, client).catch(async (error: unknown) => {
    await metrics?.close();
    throw error;
  });
  const done = worker.run().finally(async () => {
    await metrics?.close();
    await Promise.all([reach.ssh.close(), reach.ansible.close()]);
    await native.close();
    await connection.close();
  });
  const stop = (): void => {
    // It may be ending by itself already, and says so by throwing.
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return { done, stop, metrics };
}
