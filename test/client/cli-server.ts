import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import { bundleWorkflows } from '../../src/adapters/workflow-bundle.js';
import { runCli } from '../../src/client/main.js';
import { freePort } from '../../src/dev/ports.js';
import {
  startTemporalServer,
  type ServerOptions,
  type TemporalServer,
} from '../../src/dev/temporal-server.js';
import type { EnvironmentState } from '../../src/domain/environment-state.js';
import { environmentWorkflowId } from '../../src/workflows/messages.js';
import { CapturedTerminal } from './captured-terminal.js';
import { shopFolder } from './shop.js';

/** A real development server with a worker for the stub workflows, and the command line that is pointed at it. */
export class CliServer {
  private constructor(
    private readonly folder: string,
    private readonly state: string,
    private readonly options: ServerOptions,
    private server: TemporalServer,
    private readonly native: NativeConnection,
    private readonly worker: Worker,
    private readonly running: Promise<void>,
    readonly client: Client,
  ) {}

  static async start(): Promise<CliServer> {
    const folder = await shopFolder();
    const state = await mkdtemp(join(tmpdir(), 'safeguard-cli-server-'));
    const options = {
      database: join(state, 'temporal.db'),
      logFile: join(state, 'temporal.log'),
      port: await freePort(),
      uiPort: await freePort(),
    };
    const server = await startTemporalServer(options);
    const native = await NativeConnection.connect({ address: server.address });
    const worker = await Worker.create({
      connection: native,
      taskQueue: 'safeguard-shop',
      workflowBundle: await bundleWorkflows(join(import.meta.dirname, 'workflows', 'stub.ts')),
    });
    const client = new Client({ connection: await Connection.connect({ address: server.address }) });
    return new CliServer(folder, state, options, server, native, worker, worker.run(), client);
  }

  /** Host and port of the server. */
  get address(): string {
    return this.server.address;
  }

  /** Starts a command, and lets it go on. */
  begin(...words: string[]) {
    const terminal = new CapturedTerminal();
    return { terminal, ended: runCli([...this.place(), ...words], '1', terminal) };
  }

  /** Runs a command in a process of its own, as users do; what CI tells it is `variables`, and no more. */
  async process(variables: Readonly<Record<string, string>>, ...words: string[]) {
    const { exitCode, stdout, stderr } = await this.spawn(variables, ...words);
    return { status: exitCode, stdout, stderr };
  }

  /** The same, and lets it go on. */
  spawn(variables: Readonly<Record<string, string>>, ...words: string[]) {
    return this.script('safeguard.js', variables, ...words, ...this.place());
  }

  /** What `action.yml` runs, with the inputs of the action. */
  action(inputs: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>>) {
    const given = Object.entries(inputs).map(([name, value]) => [`SAFEGUARD_${name}`, value] as const);
    const place = { SAFEGUARD_ADDRESS: this.address, SAFEGUARD_CONFIG: join(this.folder, 'safeguard.yaml') };
    return this.script('github-action.js', { ...place, ...Object.fromEntries(given), ...variables });
  }

  private script(name: string, variables: Readonly<Record<string, string>>, ...words: string[]) {
    const usual = Object.entries(process.env).filter(([name]) => !name.startsWith('GITHUB_'));
    return execa(process.execPath, [join(checkoutRoot(), 'bin', name), ...words], {
      env: { ...Object.fromEntries(usual), ...variables, NO_COLOR: '1' },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
    });
  }

  private place(): string[] {
    return ['--config', join(this.folder, 'safeguard.yaml'), '--address', this.server.address];
  }

  /** Runs a command to its end. */
  async run(...words: string[]) {
    const { terminal, ended } = this.begin(...words);
    return { status: await ended, stdout: terminal.stdout, stderr: terminal.stderr };
  }

  /** Starts the entity of an environment of the shop with this state; replaces the one before. */
  async environment(name: string, state: Partial<EnvironmentState>): Promise<void> {
    await this.client.workflow.start('environment', {
      workflowId: environmentWorkflowId('shop', name),
      taskQueue: 'safeguard-shop',
      args: [state],
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    });
  }

  async stopServer(): Promise<void> {
    await this.server.stop();
  }

  async startServerAgain(): Promise<void> {
    this.server = await startTemporalServer(this.options);
  }

  async stopWorker(): Promise<void> {
    if (this.worker.getState() === 'RUNNING') this.worker.shutdown();
    await this.running;
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    await this.native.close();
    await this.client.connection.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true });
    await rm(this.state, { recursive: true });
  }
}

/** Waits for a state; the test's own time limit is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
