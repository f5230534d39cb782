import type { Lab } from '../../lab/lab.js';
import { until } from './campus-lab.js';

const AE = 'campus-production';
const BACKEND = `${AE}-backend.service`;
const STATE = `/var/lib/safeguard/${AE}`;
const STARTED = '39f53479d3a045ac8e11786248231fbf';

// Ledger, audit and state file by their bytes; processes by id and by systemd's own id of the activation; our units.
const SNAPSHOT = `sha256sum ${STATE}/ledger /var/lib/${AE}-state.json; cat ${STATE}/audit.jsonl 2>/dev/null
systemctl show -p Id,MainPID,InvocationID,ActiveState ${BACKEND}
systemctl list-units --all --plain --no-legend '${AE}-*' 'safeguard-${AE}-*'; cat /etc/nginx/conf.d/${AE}.conf`;

/** A file that changes of a host wait for: `lock` while another goes on, `ledger` for the moment in which tokens are compared. */
export type Exclusion = 'lock' | 'ledger';

/** A change's transient unit, with the times (µs) at which systemd began and ended it; `to` is null while it runs. */
export interface ChangeUnit {
  readonly unit: string;
  readonly from: number;
  readonly to: number | null;
}

/** What systemd and files of a host say, asked on the host itself, and not through anything of ours. */
export class HostFacts {
  constructor(
    private readonly lab: Lab,
    readonly host: string,
  ) {}

  /** What a command on the host says. */
  async on(argv: readonly string[], input = ''): Promise<string> {
    const { exitCode, stdout, stderr } = await this.lab.run(this.host, argv, { input });
    if (exitCode !== 0) throw new Error(`${this.host}: ${argv.join(' ')}: ${exitCode} ${stderr}`);
    return stdout;
  }

  /** Everything that a request which is refused must leave as it was. */
  async snapshot(): Promise<string> {
    return this.on(['sh', '-c', SNAPSHOT]);
  }

  /** Waits until nobody watches the lease of a run any more, which is within a second after the lease. */
  async untilUnwatched(): Promise<void> {
    const list = ['systemctl', 'list-units', '--plain', '--no-legend', `safeguard-${AE}-lease.service`];
    await until(`no lease is watched on ${this.host}`, async () => (await this.on(list)) === '');
  }

  /** How often systemd has started the backend since the host's boot. */
  async starts(): Promise<number> {
    return (await this.journal(`UNIT=${BACKEND}`, `MESSAGE_ID=${STARTED}`)).length;
  }

  /** The transient units of changes since the host's boot, in order; one that was begun twice is there twice. */
  async changes(): Promise<ChangeUnit[]> {
    const units: ChangeUnit[] = [];
    for (const { UNIT: unit, MESSAGE_ID: kind, at } of await this.journal('_PID=1')) {
      if (!/^safeguard-campus-production-.*-\d+-\d+\.scope$/.test(unit)) continue;
      const last = units.findLastIndex((known) => known.unit === unit);
      const known = units[last];
      if (kind === STARTED) units.push({ unit, from: at, to: null });
      else if (known) units[last] = { ...known, to: at };
    }
    return units;
  }

  /** The change that goes on now; null when there is none. @throws Error when there are two */
  async change(): Promise<string | null> {
    const listed = await this.on([
      'systemctl',
      'list-units',
      '--plain',
      '--no-legend',
      `safeguard-${AE}-*-*.scope`,
    ]);
    const units = listed
      .split('\n')
      .flatMap((line) => /^(safeguard-\S+-\d+-\d+)\.scope/.exec(line)?.[1] ?? []);
    if (units.length > 1) throw new Error(`two changes at once on ${this.host}: ${units.join(', ')}`);
    return units[0] ?? null;
  }

  /** Takes a lock, so that what changes the host waits for it, until `release` or a boot. */
  async hold(what: Exclusion): Promise<void> {
    const file = `${STATE}/${what}`;
    await this.on([
      'systemd-run',
      '--quiet',
      '--collect',
      `--unit=held-${what}`,
      'flock',
      file,
      'sleep',
      'infinity',
    ]);
    await until(
      `${file} is held`,
      async () => (await this.lab.run(this.host, ['flock', '-n', file, 'true'])).exitCode !== 0,
    );
  }

  async release(what: Exclusion): Promise<void> {
    await this.lab.run(this.host, ['systemctl', 'stop', `held-${what}.service`]);
  }

  /** Ends every connection that the deploying user has now, as a host does that goes mad: no goodbye from its programs. */
  async dropConnections(): Promise<void> {
    const connections = async (): Promise<string[]> => {
      const who = `^sshd(-session)?: ${this.lab.deployUser}`;
      return (await this.lab.run(this.host, ['pgrep', '-f', who])).stdout.split('\n').filter(Boolean);
    };
    const had = await connections();
    await this.lab.run(this.host, ['kill', '-KILL', ...had]);
    await until(`connections of ${this.host} are gone`, async () => {
      const left = await connections();
      return !had.some((pid) => left.includes(pid));
    });
  }

  private async journal(...matches: string[]): Promise<{ UNIT: string; MESSAGE_ID: string; at: number }[]> {
    const argv = ['journalctl', '--boot', '--quiet', '--output=json', ...matches];
    const { stdout } = await this.lab.run(this.host, argv);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const entry = JSON.parse(line) as Record<string, string>;
        const { UNIT = '', MESSAGE_ID = '', __MONOTONIC_TIMESTAMP: at } = entry;
        return { UNIT, MESSAGE_ID, at: Number(at) };
      });
  }
}

/** Why changes of a host were not one after the other; empty when they were. */
export function overlaps(changes: readonly ChangeUnit[]): string[] {
  return changes.flatMap((change, index) => {
    const next = changes[index + 1];
    if (!next || (change.to !== null && change.to <= next.from)) return [];
    return [`${next.unit} began before ${change.unit} had ended`];
  });
}
