import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRelease } from '../../examples/campus/build.js';
import { campusConfig } from '../../examples/campus/config.js';
import { Lab } from '../../lab/lab.js';
import { waitUntil } from '../../lab/waiting.js';
import { resolveRelease } from '../../src/adapters/release-directory.js';
import { environmentOf, parseConfig, type EnvironmentConfig } from '../../src/config/load.js';
import type { FencingToken, HostInspection } from '../../src/domain/host-protocol.js';
import {
  ASK_PROGRAM,
  SECRET,
  requestLine,
  type About,
  type Built,
  type HostProgramFields,
  type Operation,
} from './power-request.js';

const HOST = 'web-1';
const AE = 'campus-production';
export const STATE_FILE = `var/lib/${AE}-state.json`;
export const UNIT_FILE = `etc/systemd/system/${AE}-backend.service`;
export const SITE_FILE = `etc/nginx/conf.d/${AE}.conf`;
export const RELEASES = `opt/${AE}/releases`;

// Every file that a release's lists name, and no other, with the checksums that they name; and the manifest.
const CHECK_RELEASE = `cd "/${RELEASES}/$1"; [ "$(sha256sum <manifest.json | cut -c1-64)" = "$1" ]
for component in backend frontend; do
  sed -n 's/^\\([0-9a-f]\\{64\\}\\)  /\\1  /p' ".$component.files" | (cd $component; sha256sum --check --strict --quiet)
  [ "$(wc -l <.$component.files)" = "$(find $component -type f | wc -l)" ]
done; grep -q '="${SECRET}"' .backend.env`;

const ASK_SERVED = `curl -sf -m 5 http://127.0.0.1:8080/actuator/info || echo '"version":"nothing"'; echo
curl -sf -m 5 http://127.0.0.1/version.txt || echo nothing; systemctl is-active ${AE}-backend.service`;

/** The last line of an answer; `cut` when there was none because the host lost power. */
export interface Answer {
  readonly type: 'result' | 'error' | 'cut';
  readonly code?: string;
  readonly message?: string;
}

/** What a host serves, asked with nothing of ours. */
export interface Served {
  readonly backend: string;
  readonly frontend: string;
  readonly unit: string;
}

/** One host on a disk that loses what was not synced, and requests to its `safeguard-host`, without runs and workers. */
export class PowerHost {
  cuts = 0;
  readonly cycles: number[] = [];
  private incarnation: string = randomUUID();
  private epoch = 0;
  private step = 0;
  private built = 0;

  private constructor(
    private readonly lab: Lab,
    private readonly directory: string,
    private readonly environment: EnvironmentConfig,
    private readonly program: HostProgramFields,
  ) {}

  static async open(): Promise<PowerHost> {
    const lab = await Lab.up({ name: `power-${randomBytes(3).toString('hex')}`, web: 1, disk: 'ext4' });
    await lab.assertContained();
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-power-'));
    const place = {
      hosts: { [HOST]: lab.host(HOST).address },
      ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
      databaseHost: lab.host('db-1').address,
      releases: join(directory, '{version}'),
      records: join(directory, 'records'),
      backend: 'python',
    } as const;
    const config = parseConfig(join(directory, 'safeguard.yaml'), campusConfig('production', place));
    const { stdout } = await lab.run(HOST, ['python3', '-c', ASK_PROGRAM]);
    const program = JSON.parse(stdout) as HostProgramFields;
    return new PowerHost(lab, directory, environmentOf(config, 'production'), program);
  }

  async close(): Promise<void> {
    await this.lab.down();
    await rm(this.directory, { recursive: true, force: true });
  }

  knows(operation: Operation): boolean {
    return operation in this.program.fields;
  }

  /** A release that the host has never seen. */
  async newRelease(): Promise<Built> {
    this.built += 1;
    const version = `1.0.${this.built}`;
    await buildRelease({ into: this.directory, version, backend: 'python' });
    const release = await resolveRelease(this.environment, version);
    const archives = await Promise.all(
      Object.entries(release.manifest.components).map(
        async ([name, { artifact }]) =>
          [name, await readFile(join(release.directory, artifact.file))] as const,
      ),
    );
    return { ...release, archives: Object.fromEntries(archives) };
  }

  /** A run that is newer than all before. */
  beginRun(): void {
    this.epoch += 1;
    this.step = 0;
  }

  /** The token that was sent last. */
  get token(): FencingToken {
    const { incarnation, epoch, step } = this;
    return { incarnation, epoch, run: `run-${epoch}`, step, try: 1, attempt: 1 };
  }

  /** Sends a request with the next token; returns when it is answered, or when power is gone. */
  async send(operation: Operation, about: About = {}): Promise<Answer> {
    this.step += 1;
    if (about.incarnation !== undefined) this.incarnation = about.incarnation;
    const line = Buffer.from(requestLine(this.program, operation, this.token, about));
    const archive = operation === 'stage' ? about.release?.archives[about.component ?? ''] : undefined;
    const input = Buffer.concat([line, archive ?? Buffer.alloc(0)]);
    const { stdout } = await this.lab.run(HOST, ['/usr/local/sbin/safeguard-host'], { input });
    const answers = stdout.split('\n').filter((text) => /^\{"type": "(result|error)"/.test(text));
    return JSON.parse(answers.at(-1) ?? '{"type":"cut"}') as Answer;
  }

  /** As `send`, for what has to succeed. */
  async must(operation: Operation, about: About = {}): Promise<void> {
    const answer = await this.send(operation, about);
    if (answer.type !== 'result') throw new Error(`${operation}: ${JSON.stringify(answer)}`);
  }

  /** Stages what is not on the host yet. */
  async stageAll(release: Built): Promise<void> {
    for (const component of ['backend', 'frontend'] as const) {
      if (!this.list(`${RELEASES}/${release.release.digest}`).includes(`.${component}.files`))
        await this.must('stage', { release, component });
    }
  }

  async activateAll(release: Built): Promise<void> {
    for (const component of ['backend', 'frontend'] as const)
      await this.must('activate', { release, component });
  }

  /** The whole way of a release, as a run that succeeds. */
  async deploy(release: Built): Promise<void> {
    this.beginRun();
    await this.stageAll(release);
    await this.activateAll(release);
    await this.vote(release);
    await this.must('commit', { release });
  }

  /** The host's vote, when its program has votes. */
  async vote(release: Built): Promise<void> {
    if (this.knows('prepare')) await this.must('prepare', { release });
  }

  async inspect(): Promise<HostInspection> {
    const input = requestLine(this.program, 'inspect', this.token);
    const { stdout } = await this.lab.run(HOST, ['/usr/local/sbin/safeguard-host'], { input });
    return (JSON.parse(stdout) as { result: HostInspection }).result;
  }

  async losePower(): Promise<void> {
    this.cuts += 1;
    await this.lab.fault(HOST, 'power-loss');
  }

  /** Power again; returns when the boot gate has done its work and nginx was started after it. */
  async start(): Promise<void> {
    await this.lab.fault(HOST, 'start');
    const look = ['systemctl', 'is-active', 'safeguard-gate.service', 'nginx.service'];
    await waitUntil('the boot gate has run', async () => {
      const states = (await this.lab.run(HOST, look)).stdout.split('\n');
      return states.every((state) => state === 'active' || state === 'failed');
    });
  }

  async powerCycle(): Promise<void> {
    const begun = Date.now();
    await this.losePower();
    await this.start();
    this.cycles.push(Date.now() - begun);
  }

  async served(): Promise<Served> {
    const { stdout } = await this.lab.run(HOST, ['sh', '-c', ASK_SERVED]);
    const [info = '', frontend = '', unit = ''] = stdout.split('\n').filter(Boolean);
    return { backend: /"version":\s*"([^"]+)"/.exec(info)?.[1] ?? info, frontend, unit };
  }

  /** Text of a file on the host, seen from outside; `null` when there is none. For looks that must be quick. */
  peek(path: string): string | null {
    const file = this.outside(path);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  }

  /** Names in a directory on the host, seen from outside. */
  list(path: string): string[] {
    const directory = this.outside(path);
    return existsSync(directory) ? readdirSync(directory) : [];
  }

  /** What is wrong with the files of a release on the host; empty when it is whole, counted with nothing of ours. */
  async damage(digest: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.lab.run(HOST, ['sh', '-ec', CHECK_RELEASE, '-', digest]);
    return exitCode === 0 ? '' : `${digest} is not whole: ${stdout} ${stderr}`;
  }

  private outside(path: string): string {
    return join(this.lab.directory, 'hosts', HOST, 'root', path);
  }
}

/** Waits for what is only there for a moment; returns at once when it was missed because `over` settled. */
export async function catchMoment(isThere: () => boolean, over: Promise<unknown>): Promise<void> {
  const request = { isOver: false };
  void over.finally(() => (request.isOver = true));
  while (!isThere() && !request.isOver) await delay(1);
}
