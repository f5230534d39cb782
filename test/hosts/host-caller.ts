import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campusConfig } from '../../examples/campus/config.js';
import { buildRelease, type ReleaseOptions } from '../../examples/campus/build.js';
import { Lab } from '../../lab/lab.js';
import { HostProgram } from '../../src/adapters/host-program.js';
import {
  manifestDigest,
  openArtifact,
  resolveRelease,
  type ResolvedRelease,
} from '../../src/adapters/release-directory.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import { environmentOf, loadConfig, type Config, type EnvironmentConfig } from '../../src/config/load.js';
import type { ChangeResult, FencingToken } from '../../src/domain/host-protocol.js';
import type { Manifest } from '../../src/domain/manifest.js';
import { emptyHosts } from './empty-hosts.js';

const ENVIRONMENT = 'production';
const INCARNATION = randomUUID();

/** Requests to `safeguard-host` on real hosts, as an activity sends them; without Temporal. Hosts begin empty. */
export class HostCaller {
  readonly ssh = new SshConnections();
  readonly program = new HostProgram(this.ssh);
  readonly at = { application: 'campus', environment: ENVIRONMENT };
  /** The only run that it makes requests for; of its own, so that units of suites before are never taken for its own. */
  readonly run = `run${randomUUID().slice(0, 8)}`;
  private step = 0;

  private constructor(
    readonly lab: Lab,
    readonly directory: string,
    readonly config: Config,
    readonly environment: EnvironmentConfig,
    /** The value of the backend's only secret variable. */
    readonly secret: string,
  ) {}

  static async open(secret: string): Promise<HostCaller> {
    const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
    await lab.assertContained();
    await emptyHosts(lab);
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-host-'));
    const web = lab.hosts.filter((host) => host.role === 'web');
    const file = join(directory, 'safeguard.yaml');
    const text = campusConfig(ENVIRONMENT, {
      hosts: Object.fromEntries(web.map((host) => [host.name, host.address])),
      ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
      databaseHost: lab.host('db-1').address,
      releases: join(directory, 'releases', '{version}'),
      records: join(directory, 'records'),
      backend: 'python',
    });
    await writeFile(file, text);
    const config = loadConfig(file);
    return new HostCaller(lab, directory, config, environmentOf(config, ENVIRONMENT), secret);
  }

  async close(): Promise<void> {
    await this.ssh.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  target(name: string): SshTarget {
    const { user, key: privateKeyFile, knownHosts: knownHostsFile } = this.environment.ssh;
    return { name, address: this.lab.host(name).address, port: 22, user, privateKeyFile, knownHostsFile };
  }

  /** Of the next step of the only run. */
  token(): FencingToken {
    this.step += 1;
    return { incarnation: INCARNATION, epoch: 1, run: this.run, step: this.step, try: 1, attempt: 1 };
  }

  async build(version: string, options: Partial<ReleaseOptions> = {}): Promise<ResolvedRelease> {
    const into = join(this.directory, 'releases');
    await mkdir(into, { recursive: true });
    await buildRelease({ into, version, backend: 'python', ...options });
    return this.resolve(version);
  }

  async resolve(version: string): Promise<ResolvedRelease> {
    return resolveRelease(this.environment, version);
  }

  async stage(host: string, resolved: ResolvedRelease): Promise<void> {
    const { manifest, release } = resolved;
    for (const component of Object.keys(manifest.components)) {
      const secrets: Record<string, string> =
        component === 'backend' ? { DATABASE_PASSWORD: this.secret } : {};
      await this.program.stage(
        this.target(host),
        {
          ...this.at,
          operation: 'stage',
          token: this.token(),
          manifest,
          digest: release.digest,
          component,
          secrets,
        },
        () => openArtifact(resolved, component),
      );
    }
  }

  async restore(host: string, digest: string | null): Promise<ChangeResult> {
    return this.program.change(this.target(host), {
      ...this.at,
      operation: 'restore',
      token: this.token(),
      digest,
    });
  }

  /** Asks for a composite release. */
  async compose(host: string, manifest: Manifest, sources: Record<string, string>): Promise<ChangeResult> {
    return this.program.compose(this.target(host), {
      ...this.at,
      operation: 'compose',
      token: this.token(),
      manifest,
      digest: manifestDigest(manifest),
      sources,
    });
  }

  /** What a command on a host says; throws when it fails. */
  async on(host: string, argv: readonly string[], input = ''): Promise<string> {
    const { exitCode, stdout, stderr } = await this.lab.run(host, argv, { input });
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${exitCode} ${stderr}`);
    return stdout;
  }
}
