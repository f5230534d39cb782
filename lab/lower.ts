import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hostsWithCgroup, removeCgroups } from './cgroup.js';
import { removeDisk } from './disk.js';
import { execute, must } from './execute.js';
import { endForwards } from './forward.js';
import { endHost } from './guest.js';
import { unshareMounts } from './image-disk.js';
import { checkLabName, hostNamespace, labDirectory, machineName } from './layout.js';
import { withLock } from './lock.js';
import { dropGuard, existingNamespaces, removeNamespaces } from './network.js';
import { findSlot, freeSlot } from './registry.js';

/** Hosts that left anything behind, whatever the record says: it may be older or never written. */
async function hostsWithTraces(lab: string, namespaces: readonly string[]): Promise<string[]> {
  const directory = join(labDirectory(lab), 'hosts');
  const prefix = hostNamespace(lab, '');
  const fromDisk = existsSync(directory) ? await readdir(directory) : [];
  const fromNetwork = namespaces
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
  return [...new Set([...fromDisk, ...fromNetwork, ...(await hostsWithCgroup(lab))])];
}

/** What systemd-nspawn leaves behind when it is killed: directories, mounted ones in newer versions. */
async function removeNspawnTraces(lab: string, host: string): Promise<void> {
  const kinds = ['propagate', 'unix-export'];
  for (const directory of kinds.map((kind) => join('/run/systemd/nspawn', kind, machineName(lab, host)))) {
    if (!existsSync(directory)) continue;
    if ((await execute(['mountpoint', '--quiet', directory])).exitCode === 0)
      await must(['umount', directory]);
    await rmdir(directory);
  }
}

async function removeHost(lab: string, host: string): Promise<void> {
  await endHost(lab, host);
  await removeCgroups(lab, host);
  await removeDisk(lab, host);
  await removeNspawnTraces(lab, host);
}

/** As `lower`, for one who holds the lab's lock. */
export async function clear(name: string): Promise<void> {
  const namespaces = await existingNamespaces(name);
  await endForwards(name);
  await Promise.all((await hostsWithTraces(name, namespaces)).map((host) => removeHost(name, host)));
  await removeNamespaces(namespaces);
  await unshareMounts(name);
  await rm(labDirectory(name), { recursive: true, force: true });
  const slot = await findSlot(name);
  if (slot === undefined) return;
  await dropGuard(slot);
  await freeSlot(slot);
}

/**
 * Takes a lab down and leaves nothing of it: no process, mount, cgroup, namespace, directory or route. Also clears
 * away a lab that was half made or half taken down. The guard route goes last.
 */
export async function lower(name: string): Promise<void> {
  checkLabName(name);
  await withLock(name, () => clear(name));
}
