import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { stringify } from 'yaml';
import type { Lab } from '../../lab/lab.js';
import { webHosts } from '../../peers/hosts.js';
import { ansibleVenv } from '../../setup/ansible.js';
import {
  connectClient,
  temporalSettings,
  type TemporalSettings,
} from '../../src/adapters/temporal-connection.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';
import { WorkerProcess } from '../../test/hosts/worker-process.js';

/** An environment of the application on the lab's hosts; each has ports of its own. */
export interface BenchEnvironment {
  readonly name: 'production' | 'staging';
  readonly transport: 'ssh' | 'ansible';
  readonly backendPort: number;
  readonly sitePort: number;
}

/** The two ways in which safeguard reaches its hosts: the same in everything but that. */
export const OVER_SSH: BenchEnvironment = {
  name: 'production',
  transport: 'ssh',
  backendPort: 8080,
  sitePort: 80,
};
export const OVER_ANSIBLE: BenchEnvironment = {
  name: 'staging',
  transport: 'ansible',
  backendPort: 8081,
  sitePort: 81,
};

function section(lab: Lab, { transport, backendPort, sitePort }: BenchEnvironment): unknown {
  return {
    policy: 'dev',
    hosts: Object.fromEntries(webHosts(lab).map(({ name, address }) => [name, address])),
    ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
    components: { backend: { transport, port: backendPort }, site: { transport, listen: sitePort } },
    // What is measured has ended by then: a restored release is looked at for the last time so long after it was restored.
    limits: { stabilise: '1s' },
  };
}

/** The text of `safeguard.yaml`. Everything that it does not say is as safeguard has it by default. */
function configuration(lab: Lab, releases: string, records: string): string {
  return stringify({
    application: 'campus',
    release: { directory: join(releases, '{version}') },
    records,
    components: {
      backend: {
        kind: 'systemd',
        artifact: 'backend.tar.gz',
        user: 'campus',
        port: OVER_SSH.backendPort,
        exec: ['/usr/bin/python3', '{release}/app.py'],
        health: { path: '/health', version: { path: '/health', pointer: '/version' } },
      },
      site: {
        kind: 'static',
        artifact: 'site.tar.gz',
        listen: OVER_SSH.sitePort,
        routes: { '/api/': 'backend' },
        pages: ['/'],
      },
    },
    environments: Object.fromEntries([OVER_SSH, OVER_ANSIBLE].map((one) => [one.name, section(lab, one)])),
  });
}

/** A Temporal server and a worker in processes of their own, as `safeguard dev` has them, and a client. */
export class SafeguardPlace {
  private constructor(
    readonly lab: Lab,
    readonly configFile: string,
    readonly settings: TemporalSettings,
    readonly client: Client,
    private readonly server: TemporalServer,
    private readonly worker: WorkerProcess,
  ) {}

  static async open(lab: Lab, parent: string, releases: string): Promise<SafeguardPlace> {
    const directory = join(parent, 'safeguard');
    await mkdir(directory);
    const configFile = join(directory, 'safeguard.yaml');
    await writeFile(configFile, configuration(lab, releases, join(directory, 'records')));
    const server = await startTemporalServer({
      database: join(directory, 'temporal.db'),
      port: await freePort(),
      uiPort: await freePort(),
      logFile: join(directory, 'temporal.log'),
    });
    const settings = temporalSettings({ address: server.address, environment: {} });
    process.env['SAFEGUARD_ANSIBLE'] = join(await ansibleVenv(), 'bin');
    const worker = await WorkerProcess.start({ configFile, settings });
    return new SafeguardPlace(lab, configFile, settings, await connectClient(settings), server, worker);
  }

  /** Worker and server. */
  get pids(): number[] {
    return [this.worker.pid, this.server.pid];
  }

  async close(): Promise<void> {
    await this.worker.signal('SIGTERM');
    await this.client.connection.close();
    await this.server.stop();
  }
}
