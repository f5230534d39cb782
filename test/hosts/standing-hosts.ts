import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab, type Fault } from '../../lab/lab.js';
import { HostProgram, type ChangeRequest } from '../../src/adapters/host-program.js';
import { resolveRelease, type ResolvedRelease } from '../../src/adapters/release-directory.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import { environmentOf, loadConfig } from '../../src/config/load.js';
import type { ChangeResult, FencingToken, HostInspection } from '../../src/domain/host-protocol.js';
import { until } from './campus-lab.js';
import { KioskCheckout } from './kiosk-checkout.js';

const APPLICATION = { application: 'kiosk', environment: 'demo' } as const;
const INCARNATION = 'standing';

/** The host that a test looks at, and the one beside it. */
export type Standing = 'web-1' | 'web-2';
const HOSTS: readonly Standing[] = ['web-1', 'web-2'];

/** The versions of the kiosk that lie on both hosts. */
export type Version = '1.0.0' | '2.0.0';
const VERSIONS: readonly Version[] = ['1.0.0', '2.0.0'];

/** What a request says beside its address and its token. */
type Asked<R> = R extends { readonly token: FencingToken }
  ? Omit<R, 'application' | 'environment' | 'token'>
  : never;

/** Two hosts with the kiosk, spoken to as a worker does, without Temporal: each request is the test's own. */
export class StandingHosts {
  private ssh = new SshConnections();
  private epoch = 0;
  /** A host keeps what runs came to until its next boot, by their names: those of tests before this one too. */
  private readonly name = `run-${randomBytes(4).toString('hex')}`;

  private constructor(
    readonly lab: Lab,
    private readonly directory: string,
    private readonly kiosk: KioskCheckout,
    private readonly releases: ReadonlyMap<Version, ResolvedRelease>,
  ) {}

  /** Hosts on which nothing is committed yet, and every version is staged. */
  static async open(): Promise<StandingHosts> {
    const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
    await lab.assertContained();
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-standing-'));
    const kiosk = await KioskCheckout.make(lab, directory, HOSTS.length);
    const environment = environmentOf(loadConfig(kiosk.configFile), 'demo');
    const releases = new Map<Version, ResolvedRelease>();
    for (const version of VERSIONS) {
      await kiosk.build(version);
      releases.set(version, await resolveRelease(environment, version));
    }
    const hosts = new StandingHosts(lab, directory, kiosk, releases);
    const run = hosts.run();
    for (const host of HOSTS) for (const version of VERSIONS) await run.stage(host, version);
    return hosts;
  }

  async close(): Promise<void> {
    await this.ssh.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  digest(version: Version): string {
    return this.release(version).release.digest;
  }

  address(host: Standing): string {
    return this.lab.host(host).address;
  }

  /** A run of a new epoch. */
  run(): Run {
    this.epoch += 1;
    return new Run(this, this.epoch, `${this.name}-${String(this.epoch)}`);
  }

  /** Power and a running system on both hosts, and 1.0.0 committed on them. */
  async establish(): Promise<void> {
    await this.fault('resume', 'start', 'wait');
    const run = this.run();
    for (const host of HOSTS) {
      await run.restore(host, '1.0.0');
      await run.commit(host, '1.0.0');
    }
  }

  /** Faults of both hosts, one after the other; connections of before are given up. */
  private async fault(...faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) for (const host of HOSTS) await this.lab.fault(host, fault);
    await this.reconnect();
  }

  private async reconnect(): Promise<void> {
    await this.ssh.close();
    this.ssh = new SshConnections();
  }

  /** Returns once the host is up again and its boot gate has run. */
  async boot(host: Standing): Promise<void> {
    await this.lab.fault(host, 'start');
    await this.lab.fault(host, 'wait');
    await until(`the boot gate of ${host} has run`, async () => {
      const { stdout } = await this.lab.run(host, [
        'systemctl',
        'is-active',
        'safeguard-gate.service',
        'nginx.service',
      ]);
      return stdout.split('\n').every((state) => state === 'active');
    });
    await this.reconnect();
  }

  async inspect(host: Standing): Promise<HostInspection> {
    return this.program().inspect(this.target(host), APPLICATION);
  }

  async change(host: Standing, token: FencingToken, asked: Asked<ChangeRequest>): Promise<ChangeResult> {
    // The fields are those of one operation; spreading loses which.
    const request = { ...APPLICATION, token, ...asked } as ChangeRequest;
    return this.program().change(this.target(host), request);
  }

  /** Sends every component of a release. */
  async stage(host: Standing, token: () => FencingToken, version: Version): Promise<void> {
    const { manifest, directory } = this.release(version);
    for (const [component, { artifact }] of Object.entries(manifest.components)) {
      const secrets: Record<string, string> =
        component === 'backend' ? { KIOSK_TOKEN: this.kiosk.token } : {};
      const request = {
        ...APPLICATION,
        operation: 'stage' as const,
        token: token(),
        digest: this.digest(version),
      };
      await this.program().stage(this.target(host), { ...request, manifest, component, secrets }, () =>
        createReadStream(join(directory, artifact.file)),
      );
    }
  }

  /** The version that a host's backend and site both answer with, `nothing` when neither answers, else both. */
  async serves(host: Standing): Promise<string> {
    const ask = async (url: string): Promise<string> =>
      (await this.lab.run(host, ['curl', '-sf', '-m', '2', `http://127.0.0.1${url}`])).stdout;
    const [backend, site] = await Promise.all([ask(':9100/version'), ask(':8088/version.txt')]);
    const served = [/"v": "(.*)"/.exec(backend)?.[1] ?? 'nothing', site.trim() || 'nothing'];
    return served[0] === served[1] ? (served[0] ?? '') : served.join(' and ');
  }

  /** A change of a unit ends when its process has begun: it listens a moment later. */
  async untilServes(host: Standing, version: Version | 'nothing'): Promise<void> {
    await until(`${host} serves ${version}`, async () => (await this.serves(host)) === version);
  }

  /** What a run has left on a host that could still act: the lease, its unit, changes under way. */
  async leftovers(host: Standing): Promise<string> {
    const script =
      "ls /run/safeguard/kiosk-demo | grep -Ev '^(gated|results|seen|startable)$'; systemctl list-units --all --plain --no-legend 'safeguard-kiosk-demo-*'";
    return (await this.lab.run(host, ['sh', '-c', script])).stdout;
  }

  private release(version: Version): ResolvedRelease {
    const found = this.releases.get(version);
    if (!found) throw new Error(`no release ${version}`);
    return found;
  }

  private program(): HostProgram {
    return new HostProgram(this.ssh);
  }

  private target(host: Standing): SshTarget {
    return {
      name: host,
      address: this.address(host),
      port: 22,
      user: this.lab.deployUser,
      privateKeyFile: this.lab.keyFile,
      knownHostsFile: this.lab.knownHostsFile,
    };
  }
}

/** One run's requests; each has a token above the one before. */
export class Run {
  private step = 0;

  constructor(
    private readonly hosts: StandingHosts,
    private readonly epoch: number,
    readonly name: string,
  ) {}

  /** Another run that was given the same epoch. */
  impostor(): Run {
    const other = new Run(this.hosts, this.epoch, `${this.name}-other`);
    other.step = 1000;
    return other;
  }

  async stage(host: Standing, version: Version): Promise<void> {
    await this.hosts.stage(host, () => this.token(), version);
  }

  /** Both components. */
  async activate(host: Standing, version: Version, lease = 60): Promise<void> {
    for (const component of ['backend', 'site'])
      await this.ask(host, { operation: 'activate', digest: this.hosts.digest(version), component, lease });
  }

  async renew(host: Standing, lease: number): Promise<ChangeResult> {
    return this.ask(host, { operation: 'renew', lease });
  }

  async prepare(host: Standing, version: Version): Promise<ChangeResult> {
    return this.ask(host, {
      operation: 'prepare',
      digest: this.hosts.digest(version),
      peers: this.peers(host),
    });
  }

  async restore(host: Standing, version: Version): Promise<ChangeResult> {
    return this.ask(host, { operation: 'restore', digest: this.hosts.digest(version) });
  }

  async commit(host: Standing, version: Version): Promise<ChangeResult> {
    const digest = this.hosts.digest(version);
    return this.ask(host, { operation: 'commit', digest, state: null, keep: 10, peers: this.peers(host) });
  }

  async withdraw(host: Standing, reason: string): Promise<ChangeResult> {
    return this.ask(host, { operation: 'withdraw', reason });
  }

  async adopt(host: Standing): Promise<ChangeResult> {
    return this.ask(host, { operation: 'adopt', reason: 'its journal was lost' });
  }

  /** The transient unit of the request sent last. */
  get unit(): string {
    return `safeguard-kiosk-demo-${this.name}-${String(this.step)}-1.scope`;
  }

  private async ask(host: Standing, asked: Asked<ChangeRequest>): Promise<ChangeResult> {
    return this.hosts.change(host, this.token(), asked);
  }

  private peers(host: Standing): string[] {
    return HOSTS.filter((other) => other !== host).map((other) => this.hosts.address(other));
  }

  private token(): FencingToken {
    this.step += 1;
    return {
      incarnation: INCARNATION,
      epoch: this.epoch,
      run: this.name,
      step: this.step,
      try: 1,
      attempt: 1,
    };
  }
}
