import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { execa } from 'execa';
import { webHosts } from '../../peers/hosts.js';
import { checkoutRoot } from '../../setup/checkout.js';
import { deploymentWorkflowId, progress } from '../../src/workflows/messages.js';
import { until } from '../../test/hosts/campus-lab.js';
import { untilServed, type Visited } from '../prober.js';
import type { Contender, GoingBack } from './contender.js';
import { badVersion, newVersion, OLD } from './releases.js';
import type { BenchEnvironment, SafeguardPlace } from './safeguard-place.js';

const EXIT = { succeeded: 0, rolledBack: 3 };

/** safeguard, called by its command line. */
export class Safeguard implements Contender {
  readonly title: string;
  /** The measured deployments. */
  readonly runs: WorkflowHandle[] = [];
  /** The runs that were aborted, and when that was asked for, by the epoch. */
  readonly aborted: { readonly run: WorkflowHandle; readonly at: number }[] = [];
  private rounds = 0;

  private constructor(
    private readonly place: SafeguardPlace,
    private readonly environment: BenchEnvironment,
  ) {
    this.title = `safeguard, transport ${environment.transport}`;
  }

  /** Every host serves the old release when this returns. */
  static async open(place: SafeguardPlace, environment: BenchEnvironment): Promise<Safeguard> {
    const safeguard = new Safeguard(place, environment);
    await safeguard.follow(OLD, EXIT.succeeded);
    return safeguard;
  }

  get visited(): Visited[] {
    const { backendPort, sitePort } = this.environment;
    return webHosts(this.place.lab).map(({ address }) => ({
      site: `http://${address}:${sitePort}/version.txt`,
      backend: `http://${address}:${backendPort}/health`,
    }));
  }

  prepare(): Promise<void> {
    this.rounds += 1;
    return Promise.resolve();
  }

  async deploy(): Promise<void> {
    this.runs.push(this.handleOf(newVersion(this.rounds)));
    await this.follow(newVersion(this.rounds), EXIT.succeeded);
  }

  /** Aborts a run in its health checks, when it has put its release in place on every host. */
  async rollback(): Promise<GoingBack> {
    const [old, bad] = [newVersion(this.rounds), badVersion(this.rounds)];
    const end = this.follow(bad, EXIT.rolledBack);
    await Promise.race([this.untilChecked(bad), end]);
    await untilServed(this.visited, ({ site, backend }) => site === bad && backend === `not-${bad}`);
    const begun = performance.now();
    this.aborted.push({ run: this.handleOf(bad), at: Date.now() });
    await this.command(['abort', this.environment.name, '--reason', 'measured'], 0);
    return { begun, to: old, end };
  }

  private handleOf(version: string): WorkflowHandle {
    const { name } = this.environment;
    return this.place.client.workflow.getHandle(deploymentWorkflowId(name, version, this.idOf(version)));
  }

  private idOf(version: string): string {
    return `bench-${this.environment.name}-${version.replaceAll('.', '-')}`;
  }

  private async untilChecked(version: string): Promise<void> {
    const run = this.handleOf(version);
    await until('the run is in its health checks', async () => {
      const seen = await run.query(progress).catch(() => null);
      return seen?.steps.some(({ title }) => title === 'health checks');
    });
  }

  private async follow(version: string, exitStatus: number): Promise<void> {
    const id = ['--id', this.idOf(version)];
    await this.command(
      ['deploy', this.environment.name, '--version', version, ...id, '--follow', '--json'],
      exitStatus,
    );
  }

  private async command(words: readonly string[], exitStatus: number): Promise<void> {
    const { configFile, settings } = this.place;
    const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
    const argv = [cli, '--config', configFile, '--address', settings.address, ...words];
    const { exitCode, all } = await execa(process.execPath, argv, { reject: false, all: true });
    if (exitCode !== exitStatus) throw new Error(`${words.join(' ')} ended with ${String(exitCode)}: ${all}`);
  }
}
