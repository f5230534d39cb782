import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './errors.js';

/** Where labs live while they are up, and which name has which slot. */
export const LABS_DIRECTORY = '/run/safeguard-lab';

/** What a host is for. */
export type Role = 'web' | 'db';

/**
 * What a host's disk is made of: `tmpfs` is memory and loses nothing when the host loses power; `ext4` is a real file system, and
 * loses what was not synced.
 */
export const DISKS = ['tmpfs', 'ext4'] as const;
export type Disk = (typeof DISKS)[number];

/** A host of a lab. `name` is unique in its lab, `address` is IPv4. */
export interface LabHost {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
}

/** What tells a lab from another one; everything else follows from it. `slot` is the third byte of its addresses. */
export interface LabRecord {
  readonly name: string;
  readonly slot: number;
  readonly hosts: readonly LabHost[];
  /** The hosts' read-only layers, the uppermost first. */
  readonly layers: readonly string[];
  readonly disk: Disk;
  /** False while the lab is being made; stays so when its maker is killed. */
  readonly complete: boolean;
}

// Interface names are 15 bytes at most and host names are parts of them; lab names end up in machine names (64).
const NAME = /^[a-z][a-z0-9-]{0,29}$/;
const FIRST_WEB = 11;
const FIRST_DB = 201;
/** The most web hosts that fit into the addresses below the databases'. */
export const MAX_WEB_HOSTS = 150;

/** Throws unless `name` can be a lab's name. */
export function checkLabName(name: string): void {
  if (NAME.test(name)) return;
  throw new LabError(
    `"${name}" cannot be a lab's name: small letters, digits and "-", a letter first, 30 at most`,
  );
}

/** The lab's own directory. */
export function labDirectory(name: string): string {
  return join(LABS_DIRECTORY, name);
}

/** The lab's network, for routes. */
export function subnet(slot: number): string {
  return `10.77.${slot}.0/24`;
}

/** The lab's end of its own network: what things that run inside the namespace have as address. */
export function gatewayAddress(slot: number): string {
  return `10.77.${slot}.1`;
}

/** The network namespace that a lab's bridge and all its visitors live in. */
export function labNamespace(name: string): string {
  return `sg-${name}`;
}

/** Names a host among all labs: its machine name; with `sg-` before it, its network namespace and cgroup. */
export function machineName(lab: string, host: string): string {
  return `${lab}.${host}`;
}

/** A host's own network namespace (and the name of its cgroup). */
export function hostNamespace(lab: string, host: string): string {
  return `sg-${machineName(lab, host)}`;
}

/**
 * Where a host's disk is mounted (its image file, when it has one, and the mark of one that is to be full), where its root is put
 * together, and where its boot loop keeps notes.
 */
export interface HostPaths {
  readonly directory: string;
  readonly disk: string;
  readonly image: string;
  readonly full: string;
  readonly root: string;
  readonly loopPid: string;
  readonly nspawnPid: string;
  readonly log: string;
}

/** The paths of one host. */
export function hostPaths(lab: string, host: string): HostPaths {
  const directory = join(labDirectory(lab), 'hosts', host);
  return {
    directory,
    disk: join(directory, 'disk'),
    image: join(directory, 'disk.img'),
    full: join(directory, 'disk.full'),
    root: join(directory, 'root'),
    loopPid: join(directory, 'loop.pid'),
    nspawnPid: join(directory, 'nspawn.pid'),
    log: join(directory, 'log'),
  };
}

/** The hosts of a lab with `web` web hosts: `web-1` … and `db-1`. */
export function planHosts(slot: number, web: number): LabHost[] {
  if (!Number.isInteger(web) || web < 0 || web > MAX_WEB_HOSTS) {
    throw new LabError(`A lab has 0 to ${MAX_WEB_HOSTS} web hosts, not ${web}`);
  }
  const webHosts = Array.from({ length: web }, (_, index): LabHost => {
    return { name: `web-${index + 1}`, role: 'web', address: `10.77.${slot}.${FIRST_WEB + index}` };
  });
  return [...webHosts, { name: 'db-1', role: 'db', address: `10.77.${slot}.${FIRST_DB}` }];
}

function findRepository(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new LabError('The lab has to be run from a checkout of this repository');
  return findRepository(parent);
}

/** The checkout this code belongs to, whether it runs compiled or from its source. */
export const REPOSITORY = findRepository(dirname(fileURLToPath(import.meta.url)));
