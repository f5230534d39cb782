import { join } from 'node:path';
import type { Addition } from './additions.js';
import { isFrozen } from './cgroup.js';
import { readSecrets } from './database.js';
import { LabError } from './errors.js';
import { execute, type Completed, type ExecuteOptions } from './execute.js';
import { causeFault, type Fault } from './faults.js';
import { listForwards, startForward, type Forward } from './forward.js';
import { hasPower, initPid, runInHost } from './guest.js';
import { labKeys, type LabKeys } from './keys.js';
import {
  checkLabName,
  gatewayAddress,
  labDirectory,
  labNamespace,
  planHosts,
  type Disk,
  type LabHost,
  type LabRecord,
} from './layout.js';
import { lower } from './lower.js';
import { assertNetworkContained, enterNamespace, isCut } from './network.js';
import { DEPLOY_USER, areCurrent, preparedLayers } from './prepared.js';
import { raise } from './raise.js';
import { readRecord } from './registry.js';
import { sshCommand } from './ssh.js';

export type { Completed, ExecuteOptions } from './execute.js';
export type { Fault } from './faults.js';
export type { Forward } from './forward.js';
export type { Disk, LabHost } from './layout.js';

/** The name a lab has when none is given, and its number of web hosts. */
export const DEFAULT_NAME = 'lab';
export const DEFAULT_WEB_HOSTS = 3;
const DEFAULT_DISK: Disk = 'tmpfs';

/** How a host is, seen from outside. `cut` only tells of a host that is up otherwise. */
export interface HostStatus {
  readonly host: LabHost;
  readonly state: 'up' | 'paused' | 'off' | 'cut';
  /** The host's init as this machine sees it. */
  readonly pid: number | undefined;
}

/**
 * Real hosts with systemd, sshd, an address and a disk of their own, on this machine, in a network without a way out.
 *
 * ```ts
 * const lab = await Lab.up({ name: 'mine', web: 2 });
 * await lab.fault('web-1', 'power-loss');
 * await lab.down();
 * ```
 */
export class Lab {
  private constructor(
    private readonly record: LabRecord,
    private readonly keys: LabKeys,
  ) {}

  /**
   * Brings a lab up: hosts `web-1` … and `db-1`. One that is up already gets what it lacks. `disk` is `tmpfs` when left out; the
   * hosts of a lab that is up keep theirs, and another one is refused, as are `additions` that they lack. Needs root.
   */
  static async up({
    name = DEFAULT_NAME,
    web = DEFAULT_WEB_HOSTS,
    disk,
    additions = [],
  }: { name?: string; web?: number; disk?: Disk; additions?: readonly Addition[] } = {}): Promise<Lab> {
    checkLabName(name);
    if (process.getuid?.() !== 0)
      throw new LabError('The lab needs root: it makes namespaces, mounts and hosts.');
    const keys = await labKeys();
    // All hosts of one lab are prepared alike: what is added later gets the layers of those that are there.
    const present = await readRecord(name);
    const layers = present?.complete ? present.layers : await preparedLayers(additions);
    // The one of the playbook, and Debian.
    if (layers.length < additions.length + 2)
      throw new LabError(`The lab "${name}" is up without ${additions.join(', ')}: take it down first.`);
    if (present?.complete && disk !== undefined && present.disk !== disk)
      throw new LabError(`The lab "${name}" is up with disks on ${present.disk}: take it down first.`);
    const disks = disk ?? (present?.complete ? present.disk : DEFAULT_DISK);
    const hosts = (slot: number): LabHost[] => planHosts(slot, web);
    const record = await raise({ name, hosts, layers, disk: disks, rootKey: keys.root });
    return new Lab(record, keys);
  }

  /** A lab that is up. Throws a `LabError` when there is none of that name. */
  static async open(name: string = DEFAULT_NAME): Promise<Lab> {
    const record = await readRecord(name);
    if (record?.complete) return new Lab(record, await labKeys());
    const state = record ? 'only half made' : 'not up';
    throw new LabError(`The lab "${name}" is ${state}. Run "npm run lab -- up --name ${name}".`);
  }

  /** Takes the lab of that name down, whether it is up, half made or not there at all. */
  static async remove(name: string = DEFAULT_NAME): Promise<void> {
    await lower(name);
  }

  /** Takes the lab down and leaves nothing of it. */
  async down(): Promise<void> {
    await lower(this.name);
  }

  get name(): string {
    return this.record.name;
  }

  get hosts(): readonly LabHost[] {
    return this.record.hosts;
  }

  /** The lab's own directory: `known_hosts`, `secrets.env`, and each host's boot log as `hosts/<host>/log`. */
  get directory(): string {
    return labDirectory(this.name);
  }

  /** The network namespace's name, as `ip -n` takes it. */
  get namespace(): string {
    return labNamespace(this.name);
  }

  /** The address that processes inside the namespace have, as hosts see them. */
  get gateway(): string {
    return gatewayAddress(this.record.slot);
  }

  get deployUser(): string {
    return DEPLOY_USER;
  }

  /** Private key file of the deploying user. */
  get keyFile(): string {
    return this.keys.deploy;
  }

  /** Private key file of root: for playbooks that prepare hosts, never for deploying. */
  get rootKeyFile(): string {
    return this.keys.root;
  }

  get knownHostsFile(): string {
    return join(this.directory, 'known_hosts');
  }

  /** A host by name. Throws a `LabError` that lists the hosts. */
  host(name: string): LabHost {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host) return host;
    throw new LabError(
      `The lab "${this.name}" has no host "${name}": ${this.hosts.map((one) => one.name).join(', ')}`,
    );
  }

  /** The database passwords by name, for instance `CAMPUS_PRODUCTION_DB_PASSWORD`. */
  async secrets(): Promise<Record<string, string>> {
    return readSecrets(this.name);
  }

  /** Puts before a command what makes it run inside the lab's network. */
  enter(): string[] {
    return enterNamespace(this.namespace);
  }

  /** Runs a command inside the lab's network and returns how it ended, whatever its exit code. */
  async exec(argv: readonly string[], options: ExecuteOptions = {}): Promise<Completed> {
    return execute([...this.enter(), ...argv], options);
  }

  /** Runs a command as root on a host, through namespaces: its sshd has no part in it. Throws when the host is off. */
  async run(hostName: string, argv: readonly string[], options: ExecuteOptions = {}): Promise<Completed> {
    return runInHost(this.name, this.host(hostName).name, argv, options);
  }

  /** The `ssh` command line for a host, to be run inside the lab's network: put `enter()` before it. */
  ssh(hostName: string, user: 'deploy' | 'root' = 'deploy'): string[] {
    const key = user === 'root' ? this.rootKeyFile : this.keyFile;
    return sshCommand({ key, knownHosts: this.knownHostsFile, user, address: this.host(hostName).address });
  }

  /** Makes a fault happen on a host; returns when it has. */
  async fault(hostName: string, fault: Fault): Promise<void> {
    await causeFault(this.name, this.host(hostName), fault);
  }

  /** Throws a `LabError` unless it is certain that nothing meant for this lab can leave the machine. */
  async assertContained(): Promise<void> {
    await assertNetworkContained(this.record);
  }

  /** Makes 127.0.0.1:`port` lead to `target` (`address:port`, or `host:port` with a host's name) until the lab goes down. */
  async forward(name: string, port: number, target: string): Promise<Forward> {
    const [hostName = '', targetPort = ''] = target.split(':');
    const address = this.hosts.find((host) => host.name === hostName)?.address ?? hostName;
    return startForward(this.name, name, port, `${address}:${targetPort}`);
  }

  /** The forwards that are there. */
  async forwards(): Promise<Forward[]> {
    return listForwards(this.name);
  }

  /** False when `ansible/` or the permitted applications have changed since this lab came up. */
  async isCurrent(): Promise<boolean> {
    return areCurrent(this.record.layers);
  }

  /** How every host is. */
  async status(): Promise<HostStatus[]> {
    return Promise.all(
      this.hosts.map(async (host): Promise<HostStatus> => {
        const pid = await initPid(this.name, host.name);
        return { host, pid, state: await this.stateOf(host) };
      }),
    );
  }

  private async stateOf(host: LabHost): Promise<HostStatus['state']> {
    if (!(await hasPower(this.name, host.name))) return 'off';
    if (await isFrozen(this.name, host.name)) return 'paused';
    return (await isCut(this.name, host.name)) ? 'cut' : 'up';
  }
}
