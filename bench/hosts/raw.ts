import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.js';
import { webHosts } from '../../peers/hosts.js';
import { untilServed } from '../prober.js';
import type { Contender } from './contender.js';
import { newVersion, OLD } from './releases.js';
import type { ShopHosts } from './shop-hosts.js';

// Reads an archive once, and sums it up and unpacks it at the same time. $1: directory, $2: SHA-256.
const RECEIVE = `
set -euo pipefail
mkdir -p "$1"
mkfifo "$1.bytes"
trap 'rm -f "$1.bytes"' EXIT
sha256sum < "$1.bytes" > "$1.sum" &
tee "$1.bytes" | tar -xz --no-same-owner -C "$1"
wait "$!"
read -r sum _ < "$1.sum"
test "$sum" = "$2"`;

// All that needs no standstill is done before. $1: release.
const SWITCH = `
set -e
ln -sfn "/opt/shop/releases/$1" /opt/shop/next
systemctl stop shop
mv -T /opt/shop/next /opt/shop/current
systemctl start shop`;

/** How long the parts of one deployment took, in milliseconds. */
export interface RawPhases {
  readonly connect: number;
  readonly transfer: number;
  readonly activate: number;
}

function words(script: string, args: readonly string[]): string {
  // One line for the shell at the other end: nothing in it comes from outside, and quotes keep each word whole.
  return ['bash', '-c', script, 'bash', ...args]
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ');
}

/**
 * The least that the work takes with SSH: the bytes to every host at once, one short stop and start, and a look whether it serves.
 * No fence, no journal, no fsync, nothing noted, and nobody who brings anything back.
 */
export class Raw implements Contender {
  readonly title = 'raw limit: ssh, tar, systemctl';
  readonly phases: RawPhases[] = [];

  constructor(
    private readonly lab: Lab,
    private readonly shop: ShopHosts,
    private readonly directory: string,
    private readonly releases: string,
  ) {}

  get visited(): Contender['visited'] {
    return this.shop.visited;
  }

  prepare(): Promise<void> {
    return this.shop.reset();
  }

  async deploy(): Promise<void> {
    const times = [performance.now()];
    await this.onHosts((host) => this.run(this.ssh(host, '-o', 'ControlMaster=yes', '-fN')));
    times.push(performance.now());
    await this.onHosts((host) => this.send(host));
    times.push(performance.now());
    await this.switchTo(newVersion(1));
    times.push(performance.now());
    await this.onHosts((host) => this.run(this.ssh(host, '-q', '-O', 'exit')));
    const [began = 0, connected = 0, sent = 0, serves = 0] = times;
    this.phases.push({ connect: connected - began, transfer: sent - connected, activate: serves - sent });
  }

  rollback(): ReturnType<Contender['rollback']> {
    return Promise.resolve({ begun: performance.now(), to: OLD, end: this.switchTo(OLD) });
  }

  private async onHosts(work: (host: string) => Promise<unknown>): Promise<void> {
    await Promise.all(webHosts(this.lab).map(({ name }) => work(name)));
  }

  private ssh(host: string, ...options: readonly string[]): string[] {
    const [ssh = '', ...rest] = this.lab.ssh(host, 'root');
    return [ssh, '-o', `ControlPath=${join(this.directory, '%h')}`, ...options, ...rest];
  }

  private async switchTo(version: string): Promise<void> {
    await this.onHosts((host) => this.run([...this.ssh(host), words(SWITCH, [version])]));
    await untilServed(this.visited, ({ site, backend }) => site === version && backend === version);
  }

  private async send(host: string): Promise<void> {
    const from = join(this.releases, newVersion(1));
    const sums = await readFile(join(from, 'SHA256SUMS'), 'utf8');
    const sendOne = async (component: string): Promise<void> => {
      const [, sum = ''] = new RegExp(`^(\\w{64}) .${component}\\.tar\\.gz$`, 'm').exec(sums) ?? [];
      const command = words(RECEIVE, [`/opt/shop/releases/${newVersion(1)}/${component}`, sum]);
      await this.run([...this.ssh(host), command], join(from, `${component}.tar.gz`));
    };
    await Promise.all(['backend', 'site'].map(sendOne));
  }

  /** `input`: file that becomes standard input; nobody in between touches its bytes. */
  private async run([file = '', ...args]: readonly string[], input = '/dev/null'): Promise<void> {
    const handle = await open(input);
    try {
      const child = spawn(file, args, { stdio: [handle.fd, 'ignore', 'inherit'] });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`${args.at(-1) ?? ''} ended with ${String(code)}`);
    } finally {
      await handle.close();
    }
  }
}
