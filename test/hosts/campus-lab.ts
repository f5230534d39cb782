import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { campusConfig, type Place } from '../../examples/campus/config.js';
import { buildRelease, type ReleaseOptions } from '../../examples/campus/build.js';
import { Lab } from '../../lab/lab.js';
import { ansibleVenv } from '../../setup/ansible.js';
import { flyway } from '../../setup/flyway.js';
import {
  connectClient,
  temporalSettings,
  type TemporalSettings,
} from '../../src/adapters/temporal-connection.js';
import { loadConfig } from '../../src/config/load.js';
import { freePort } from '../../src/dev/ports.js';
import { findTemporal } from '../../src/dev/temporal-binary.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';
import { newDeploymentId } from '../../src/domain/deployment-id.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { Progress } from '../../src/domain/progress.js';
import type { DeploymentRequest, DeploymentResult, IncidentMarker, RunRecord } from '../../src/domain/run.js';
import { startWorker, type RunningWorker, type WorkerOptions } from '../../src/worker.js';
import { abort, deploymentWorkflowId, progress, taskQueue } from '../../src/workflows/messages.js';
import { emptyHosts } from './empty-hosts.js';

const ENVIRONMENT = 'production';

/** How components are brought to hosts, where a test does not say it: by `npm test -- --transport`. */
const CARRIED_OUT = { transport: process.env['SAFEGUARD_TRANSPORT'] ?? 'ssh' };

/** Quick in tests; the defaults of the product are longer. */
const POLICY = {
  approval: { required: false },
  retries: { tries: 2, delay: '1s' },
  limits: { step: '60s', rollback: '60s', stabilise: '1s' },
  checks: { attempts: 2, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};

/** How a run ended, as its workflow says. */
export interface Ended {
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TERMINATED';
  readonly outcome: Outcome | null;
  readonly result: DeploymentResult | null;
  readonly message: string;
}

/** What one host really serves, asked from outside of everything that is ours. */
export interface Serving {
  readonly backend: string;
  readonly frontend: string;
  readonly unit: string;
}

/** Waits until `look` gives something; the limit only ends a test that would wait for ever. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await delay(50);
  }
}

/**
 * The campus application on real hosts of the lab, with a Temporal server of its own: what a test of a deployment needs.
 * Hosts and database begin empty.
 */
export class CampusLab {
  private worker: RunningWorker | null = null;

  private constructor(
    readonly lab: Lab,
    readonly directory: string,
    readonly configFile: string,
    readonly settings: TemporalSettings,
    private server: TemporalServer,
    readonly client: Client,
    private readonly restart: () => Promise<TemporalServer>,
  ) {}

  /** `hosts`: how many of the lab's web hosts belong to the environment; left out: all. */
  static async open(overrides: Partial<Place> = {}, hosts?: number): Promise<CampusLab> {
    const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
    await lab.assertContained();
    await emptyHosts(lab);
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-campus-'));
    process.env['CAMPUS_DB_PASSWORD'] = (await lab.secrets())['CAMPUS_PRODUCTION_DB_PASSWORD'] ?? '';
    process.env['SAFEGUARD_FLYWAY'] = await flyway();
    process.env['SAFEGUARD_ANSIBLE'] = join(await ansibleVenv(), 'bin');
    const configFile = join(directory, 'safeguard.yaml');
    const web = lab.hosts.filter((host) => host.role === 'web').slice(0, hosts);
    const place: Place = {
      hosts: Object.fromEntries(web.map((host) => [host.name, host.address])),
      ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
      databaseHost: lab.host('db-1').address,
      releases: join(directory, 'releases', '{version}'),
      records: join(directory, 'records'),
      backend: 'python',
      readyTimeout: '10s',
      carriedOut: CARRIED_OUT,
      ...overrides,
      // Many tests break a host before a run begins; a preflight that asks hosts would end the run there.
      policy: { preflight: { level: 'basic' }, ...(overrides.policy ?? POLICY) },
    };
    await writeFile(configFile, campusConfig(ENVIRONMENT, place));
    const [port, uiPort] = [await freePort(), await freePort()];
    const { path: binary } = await findTemporal();
    const logFile = join(directory, 'temporal.log');
    const start = (): Promise<TemporalServer> =>
      startTemporalServer({ database: join(directory, 'temporal.db'), port, uiPort, logFile, binary });
    const server = await start();
    const settings = temporalSettings({ address: server.address, environment: {} });
    return new CampusLab(lab, directory, configFile, settings, server, await connectClient(settings), start);
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.client.connection.close();
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Where a browser finds the server's Web UI. */
  get uiUrl(): string {
    return this.server.uiUrl;
  }

  get webHosts(): string[] {
    return this.lab.hosts.filter((host) => host.role === 'web').map((host) => host.name);
  }

  /** Starts a worker in this process; `instead` replaces some of what its activities work with. */
  async startWorker(instead: WorkerOptions['instead'] = {}): Promise<void> {
    const config = loadConfig(this.configFile);
    this.worker = await startWorker({ config, settings: this.settings, instead });
  }

  async stopWorker(): Promise<void> {
    this.worker?.stop();
    await this.worker?.done;
    this.worker = null;
  }

  /** SIGKILL to the Temporal server, and a new one on the same database and ports. */
  async killServer(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
    this.server = await this.restart();
  }

  async release(version: string, options: Partial<ReleaseOptions> = {}): Promise<void> {
    const into = join(this.directory, 'releases');
    await mkdir(into, { recursive: true });
    await buildRelease({ into, version, backend: 'python', ...options });
  }

  async start(version: string, options: Partial<DeploymentRequest> = {}): Promise<WorkflowHandle> {
    const request: DeploymentRequest = {
      application: 'campus',
      environment: ENVIRONMENT,
      version,
      deploymentId: newDeploymentId(new Date(), () => randomInt(1_000_000) / 1_000_000),
      requestedBy: 'test',
      force: false,
      adopt: null,
      ...options,
    };
    return this.client.workflow.start('deployment', {
      workflowId: deploymentWorkflowId(ENVIRONMENT, version, request.deploymentId),
      taskQueue: taskQueue('campus'),
      args: [request],
    });
  }

  /** Deploys and waits for the end. */
  async deploy(version: string, options: Partial<DeploymentRequest> = {}): Promise<Ended> {
    return ended(await this.start(version, options));
  }

  async progress(run: WorkflowHandle): Promise<Progress> {
    return run.query(progress);
  }

  /** Waits until a step of a run is under way. */
  async untilStep(run: WorkflowHandle, title: string): Promise<void> {
    await until(`${title} is running`, async () => {
      const { steps, phase, message } = await this.progress(run);
      if (phase === 'ended') throw new Error(`the run ended before: ${message}`);
      return steps.some((step) => step.title === title);
    });
  }

  async abort(run: WorkflowHandle, reason: string): Promise<void> {
    await run.signal(abort, { by: 'on-call', reason });
  }

  /** What a host really serves: asked on the host itself, with nothing of ours. */
  async serving(host: string): Promise<Serving> {
    const ask = async (argv: string[]): Promise<string> => (await this.lab.run(host, argv)).stdout.trim();
    const info = await ask(['curl', '-s', '-m', '5', 'http://127.0.0.1:8080/actuator/info']);
    const version = /"version":\s*"([^"]+)"/.exec(info)?.[1] ?? 'nothing';
    const status = await ask([
      'curl',
      '-s',
      '-m',
      '5',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      'http://127.0.0.1/version.txt',
    ]);
    const frontend =
      status === '200' ? await ask(['curl', '-s', '-m', '5', 'http://127.0.0.1/version.txt']) : 'nothing';
    const unit = await ask(['systemctl', 'is-active', 'campus-production-backend.service']);
    return { backend: version, frontend, unit };
  }

  /** The version that every host serves, or a sentence that says how they differ. */
  async servedEverywhere(): Promise<string> {
    const all = await Promise.all(
      this.webHosts.map(async (host) => ({ host, ...(await this.serving(host)) })),
    );
    const versions = new Set(all.flatMap(({ backend, frontend }) => [backend, frontend]));
    const [version = 'nothing'] = versions;
    const idle = version === 'nothing' ? 'inactive' : 'active';
    return versions.size === 1 && all.every(({ unit }) => unit === idle)
      ? version
      : `mixed: ${JSON.stringify(all)}`;
  }

  async records(): Promise<RunRecord[]> {
    return readAll<RunRecord>(join(this.directory, 'records', 'campus', ENVIRONMENT, 'records'));
  }

  async incidents(): Promise<IncidentMarker[]> {
    return readAll<IncidentMarker>(join(this.directory, 'records', 'campus', ENVIRONMENT, 'incidents'));
  }

  async sql(statement: string): Promise<string> {
    const argv = [
      'runuser',
      '-u',
      'postgres',
      '--',
      'psql',
      '-qAt',
      '-d',
      'campus_production',
      '-c',
      statement,
    ];
    const { stdout, stderr, exitCode } = await this.lab.run('db-1', argv);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  }
}

async function readAll<T>(directory: string): Promise<T[]> {
  // What is just being written bears another name until it is whole.
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
  return Promise.all(
    names.sort().map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as T),
  );
}

/** Waits for a run's end. */
export async function ended(run: WorkflowHandle): Promise<Ended> {
  try {
    const result = (await run.result()) as DeploymentResult;
    return { status: 'COMPLETED', outcome: result.outcome, result, message: result.message };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof CancelledFailure) {
      // Temporal keeps no details of a cancelled run; its query still answers.
      const { outcome, message } = await run.query(progress);
      return { status: 'CANCELLED', outcome, result: null, message };
    }
    const details = cause instanceof ApplicationFailure ? cause.details : [];
    const result = ((details ?? [])[0] as DeploymentResult | undefined) ?? null;
    const status = cause instanceof ApplicationFailure ? 'FAILED' : 'TERMINATED';
    return { status, outcome: result?.outcome ?? null, result, message: cause?.message ?? '' };
  }
}
