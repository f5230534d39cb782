import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { campusConfig } from '../examples/campus/config.js';
import type { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { ansibleVenv } from '../setup/ansible.js';
import { flyway } from '../setup/flyway.js';
import { connectClient, temporalSettings } from '../src/adapters/temporal-connection.js';
import { emptyHosts } from '../test/hosts/empty-hosts.js';
import { ClientProcess } from './client-process.js';
import { SupervisedWorker } from './supervised-worker.js';
import { ChaosServer } from './temporal.js';
import type { Transport } from './draw-types.js';
import type { Timeline } from './timeline.js';

/** Where the application and its environment are known by these names. */
export const APPLICATION = 'campus';
export const ENVIRONMENT = 'production';

const WORKERS = 2;

/** Quick, so that a run is over in seconds; how long things are waited for decides nothing about what is promised. */
const POLICY = {
  approval: { required: false },
  retries: { tries: 2, delay: '1s' },
  limits: { step: '30s', rollback: '20s', stabilise: '1s', lease: '15s' },
  forensics: { limit: '5s' },
  checks: { attempts: 2, interval: '1s', timeout: '5s', phase: '30s', stabilise: '0s' },
};

/** What is started anew for each run: empty hosts, a Temporal server, two workers, and a directory for all that they write. */
export class Place {
  readonly workers: SupervisedWorker[] = [];
  readonly clients: ClientProcess[] = [];
  /** How many commands are not over yet. */
  commands = 0;

  private readonly closing = new AbortController();

  private constructor(
    readonly lab: Lab,
    readonly directory: string,
    readonly server: ChaosServer,
    readonly client: Client,
    readonly timeline: Timeline,
    /** The campus database's password. */
    readonly secret: string,
    /** What every process has in its environment; a client needs no secret. */
    private readonly outside: Readonly<Record<string, string>>,
    /** What only workers have in theirs. */
    private readonly ofWorkers: Readonly<Record<string, string>>,
  ) {}

  /** Empties the lab's hosts. `directory` must not hold anything yet; `releases` is what `buildReleases` filled. */
  static async open(
    lab: Lab,
    directory: string,
    releases: string,
    transport: Transport,
    timeline: Timeline,
  ): Promise<Place> {
    await lab.assertContained();
    await mkdir(directory, { recursive: true });
    const [server, secrets, flywayProgram, venv] = await Promise.all([
      ChaosServer.start(directory),
      lab.secrets(),
      flyway(),
      ansibleVenv(),
      emptyHosts(lab),
    ]);
    await writeFile(join(directory, 'safeguard.yaml'), configOf(lab, directory, releases, transport));
    const secret = secrets['CAMPUS_PRODUCTION_DB_PASSWORD'] ?? '';
    // A job of CI, which the caller may be, would start the same deployment twice as one.
    const usual = Object.entries(process.env).filter(([name]) => !name.startsWith('GITHUB_'));
    const outside = { ...(Object.fromEntries(usual) as Record<string, string>), NO_COLOR: '1' };
    const settings = temporalSettings({ address: server.address, environment: {} });
    const client = await connectClient(settings);
    const ofWorkers = { SAFEGUARD_FLYWAY: flywayProgram, SAFEGUARD_ANSIBLE: join(venv, 'bin') };
    const place = new Place(lab, directory, server, client, timeline, secret, outside, ofWorkers);
    place.startWorkers();
    return place;
  }

  /** Runs a command of the CLI; `name` is that of its log. */
  cli(name: string, words: readonly string[]): ClientProcess {
    const logFile = join(this.directory, `cli-${name}.log`);
    const client = new ClientProcess({ argv: this.argv(words), env: this.outside, logFile });
    this.clients.push(client);
    return client;
  }

  /** Does what asks the server: calls that are left over end with the place. The SDK would repeat them on a closed connection, which ends the process. */
  async whileOpen<T>(work: () => Promise<T>): Promise<T> {
    return this.client.withAbortSignal(this.closing.signal, work);
  }

  /** Resolves when every worker polls. One is enough to begin with: the first deployment does not wait for this. */
  async untilReady(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.untilReady()));
  }

  /** Workers ended and started no more, in order. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }

  async close(): Promise<void> {
    process.removeListener('exit', this.abandon);
    for (const client of this.clients) client.kill();
    await this.stopWorkers();
    this.closing.abort();
    await this.client.connection.close();
    await this.server.stop();
  }

  /** Nobody would be left to end them. */
  private readonly abandon = (): void => {
    for (const client of this.clients) client.kill();
    for (const worker of this.workers) worker.abandon();
  };

  private argv(words: readonly string[]): string[] {
    const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
    return [
      cli,
      '--config',
      join(this.directory, 'safeguard.yaml'),
      '--address',
      this.server.address,
      ...words,
    ];
  }

  private startWorkers(): void {
    process.once('exit', this.abandon);
    const env = {
      ...this.outside,
      ...this.ofWorkers,
      CAMPUS_DB_PASSWORD: this.secret,
    };
    for (let index = 1; index <= WORKERS; index += 1) {
      const logFile = join(this.directory, `worker-${index}.log`);
      this.workers.push(new SupervisedWorker({ argv: this.argv(['--verbose', 'worker']), env, logFile }));
    }
  }
}

function configOf(lab: Lab, directory: string, releases: string, transport: Transport): string {
  const web = lab.hosts.filter((host) => host.role === 'web');
  return campusConfig(ENVIRONMENT, {
    hosts: Object.fromEntries(web.map((host) => [host.name, host.address])),
    ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
    databaseHost: lab.host('db-1').address,
    releases: join(releases, '{version}'),
    records: join(directory, 'records'),
    // A fault before a run begins is to meet the run, and not its preflight.
    policy: { preflight: { level: 'basic' }, ...POLICY },
    backend: 'python',
    readyTimeout: '8s',
    carriedOut: { transport },
  });
}
