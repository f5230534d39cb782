import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { RecordStore } from '../../src/adapters/record-store.js';
import {
  connectClient,
  temporalSettings,
  type TemporalSettings,
} from '../../src/adapters/temporal-connection.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';
import { startWorker, type RunningWorker } from '../../src/worker.js';
import { deploymentWorkflowId, environmentWorkflowId, taskQueue } from '../../src/workflows/messages.js';
import { request } from '../../test/domain/release-fixtures.js';
import { hostsNowhere, instantHosts, type Gate } from './instant-hosts.js';

const APPLICATION = 'campus';

/** A development server of its own with the real worker, whose hosts are nowhere. */
export class Place {
  private started = 0;

  private constructor(
    readonly directory: string,
    readonly settings: TemporalSettings,
    readonly server: TemporalServer,
    readonly client: Client,
    private readonly worker: RunningWorker,
  ) {}

  /** `hosts`: of each environment. `gates`: by version; see `instantHosts`. */
  static async open(hosts: number, gates: ReadonlyMap<string, Gate>): Promise<Place> {
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-bench-'));
    const server = await startTemporalServer({
      database: join(directory, 'temporal.db'),
      port: await freePort(),
      uiPort: await freePort(),
      logFile: join(directory, 'temporal.log'),
    });
    const settings = temporalSettings({ address: server.address, environment: {} });
    const worker = await startWorker({
      config: {
        file: '',
        application: APPLICATION,
        environments: new Map(),
        audit: { kind: 'directory', directory: join(directory, 'audit') },
      },
      settings,
      instead: { records: new RecordStore(join(directory, 'records')) },
      activities: instantHosts(hostsNowhere(hosts), gates),
    });
    return new Place(directory, settings, server, await connectClient(settings), worker);
  }

  async close(): Promise<void> {
    this.worker.stop();
    await this.worker.done;
    await this.client.connection.close();
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Starts a deployment as the command line does. */
  async deploy(environment: string, version: string): Promise<WorkflowHandle> {
    this.started += 1;
    const deploymentId = `20260101-120000-${String(this.started).padStart(6, '0')}`;
    return this.client.workflow.start('deployment', {
      workflowId: deploymentWorkflowId(environment, version, deploymentId),
      taskQueue: taskQueue(APPLICATION),
      args: [request({ application: APPLICATION, environment, version, deploymentId })],
    });
  }

  /** The entity workflow of an environment. */
  environment(name: string): WorkflowHandle {
    return this.client.workflow.getHandle(environmentWorkflowId(APPLICATION, name));
  }
}
