import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDatabases, makeSecrets } from './database.js';
import { knownHostsLine, makeDisk } from './disk.js';
import { causeFault } from './faults.js';
import { hasPower } from './guest.js';
import { shareMounts } from './image-disk.js';
import { labDirectory, type Disk, type LabHost, type LabRecord } from './layout.js';
import { withLock } from './lock.js';
import { clear } from './lower.js';
import { raiseGuard, raiseNetwork } from './network.js';
import { allocateSlot, readRecord, writeRecord } from './registry.js';

/** What a lab should be. `hosts` gets the lab's slot; `rootKey` is the private key file of root's key pair. */
export interface LabPlan {
  readonly name: string;
  readonly hosts: (slot: number) => LabHost[];
  readonly layers: readonly string[];
  readonly disk: Disk;
  readonly rootKey: string;
}

/** A lab that is there keeps its hosts and their layers; hosts that are planned and not there are added. */
async function recordOf(plan: LabPlan): Promise<LabRecord> {
  const present = await readRecord(plan.name);
  // What was half made is made anew: nobody has used it yet, and there are too many ways to be half there.
  if (present?.complete !== true) await clear(plan.name);
  const slot = await allocateSlot(plan.name);
  const planned = plan.hosts(slot);
  if (present?.complete !== true) {
    return { name: plan.name, slot, hosts: planned, layers: plan.layers, disk: plan.disk, complete: false };
  }
  const names = new Set(present.hosts.map(({ name }) => name));
  const added = planned.filter(({ name }) => !names.has(name));
  return { ...present, hosts: [...present.hosts, ...added], complete: added.length === 0 };
}

async function makeHosts(record: LabRecord, rootKey: string): Promise<void> {
  const rootPublicKey = await readFile(`${rootKey}.pub`, 'utf8');
  await Promise.all(record.hosts.map((host) => makeDisk(record, host, rootPublicKey)));
  const lines = await Promise.all(record.hosts.map((host) => knownHostsLine(record, host)));
  await writeFile(join(labDirectory(record.name), 'known_hosts'), lines.join(''));
}

async function bootHost(record: LabRecord, host: LabHost): Promise<void> {
  // A host with power may be paused or cut on purpose: that stays as it is.
  if (await hasPower(record.name, host.name)) return;
  await causeFault(record.name, host, 'start');
  if (host.role === 'db') await makeDatabases(record.name);
}

/**
 * Makes everything of a lab that is not there yet, and returns when every host answers. Safe to repeat, also after
 * it was killed in the middle.
 */
export async function raise(plan: LabPlan): Promise<LabRecord> {
  return withLock(plan.name, async () => {
    const record = await recordOf(plan);
    // The guard comes first: from here on nothing can leave, whatever fails later.
    await raiseGuard(record.slot);
    await writeRecord(record);
    if (record.disk === 'ext4') await shareMounts(record.name);
    await raiseNetwork(record);
    await makeHosts(record, plan.rootKey);
    await makeSecrets(record.name);
    await Promise.all(record.hosts.map((host) => bootHost(record, host)));
    const complete = { ...record, complete: true };
    await writeRecord(complete);
    return complete;
  });
}
