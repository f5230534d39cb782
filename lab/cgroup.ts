import { existsSync } from 'node:fs';
import { readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostNamespace } from './layout.js';
import { waitUntil } from './waiting.js';

const MOUNT = '/sys/fs/cgroup';
// Pure v2 has its files at the top; a hybrid machine has v2 beside the old hierarchies.
const UNIFIED = existsSync(join(MOUNT, 'cgroup.controllers')) ? MOUNT : join(MOUNT, 'unified');
const LEGACY_SYSTEMD = join(MOUNT, 'systemd');

/** The cgroups of a host, one for each hierarchy that systemd-nspawn insists on; the unified one first. */
export function hostCgroups(lab: string, host: string): string[] {
  const hierarchies = existsSync(LEGACY_SYSTEMD) ? [UNIFIED, LEGACY_SYSTEMD] : [UNIFIED];
  return hierarchies.map((hierarchy) => join(hierarchy, hostNamespace(lab, host)));
}

function unifiedCgroup(lab: string, host: string): string {
  return join(UNIFIED, hostNamespace(lab, host));
}

/** Whether the host is paused. */
export async function isFrozen(lab: string, host: string): Promise<boolean> {
  const events = await readFile(join(unifiedCgroup(lab, host), 'cgroup.events'), 'utf8').catch(() => '');
  return /^frozen 1$/m.test(events);
}

/** Stops every process of the host in its tracks (`true`) or lets them go on; returns when that is so. */
export async function setFrozen(lab: string, host: string, frozen: boolean): Promise<void> {
  await writeFile(join(unifiedCgroup(lab, host), 'cgroup.freeze'), frozen ? '1' : '0');
  await waitUntil(
    `${host} is ${frozen ? 'paused' : 'running'}`,
    async () => (await isFrozen(lab, host)) === frozen,
  );
}

/** Takes a pause away, if there is one; does not look at `isFrozen`, which is false already while processes die. */
export async function thaw(lab: string, host: string): Promise<void> {
  const file = join(unifiedCgroup(lab, host), 'cgroup.freeze');
  if (existsSync(file)) await writeFile(file, '0');
}

/** Kills every process in the host's cgroup, paused or not, when there is one. */
export async function killCgroup(lab: string, host: string): Promise<void> {
  const file = join(unifiedCgroup(lab, host), 'cgroup.kill');
  if (existsSync(file)) await writeFile(file, '1');
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.filter((item) => item.isDirectory()))
    await removeTree(join(directory, entry.name));
  await rmdir(directory);
}

/** Removes the host's cgroups, whose processes have ended. */
export async function removeCgroups(lab: string, host: string): Promise<void> {
  for (const cgroup of hostCgroups(lab, host).filter((path) => existsSync(path))) {
    // The last exited process leaves its cgroup a moment after it is gone from /proc.
    await waitUntil(`${cgroup} is empty`, async () => isEmpty(cgroup));
    await removeTree(cgroup);
  }
}

async function isEmpty(cgroup: string): Promise<boolean> {
  const own = await readFile(join(cgroup, 'cgroup.procs'), 'utf8').catch(() => '');
  if (own !== '') return false;
  const entries = await readdir(cgroup, { withFileTypes: true });
  const children = entries.filter((item) => item.isDirectory()).map((item) => join(cgroup, item.name));
  return (await Promise.all(children.map(isEmpty))).every(Boolean);
}

/** The hosts of a lab that have a cgroup. */
export async function hostsWithCgroup(lab: string): Promise<string[]> {
  const prefix = hostNamespace(lab, '');
  const names = (
    await Promise.all(
      [UNIFIED, LEGACY_SYSTEMD].filter((path) => existsSync(path)).map((path) => readdir(path)),
    )
  ).flat();
  return [
    ...new Set(names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))),
  ];
}
