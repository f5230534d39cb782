import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { execute, must } from './execute.js';
import { emptyImage, fillImage, hasImage, makeImage, mountImage, releaseImage } from './image-disk.js';
import { makeKey } from './keys.js';
import { hostPaths, type LabHost, type LabRecord, type Role } from './layout.js';
import { readRecord } from './registry.js';
import { waitUntil } from './waiting.js';

/** Bytes of a host's disk (memory, or room in its image file, is used only for what is written). */
const DISK_SIZE = 2 * 1024 ** 3;

const ROLE_UNITS: Readonly<Record<Role, readonly string[]>> = {
  web: ['nginx.service'],
  db: ['postgresql.service', 'redis-server.service'],
};

/** The host's own layer: everything that was written since it was made. */
export function upperDirectory(lab: string, host: string): string {
  return join(hostPaths(lab, host).disk, 'upper');
}

function workDirectory(lab: string, host: string): string {
  return join(hostPaths(lab, host).disk, 'work');
}

async function isMounted(path: string): Promise<boolean> {
  return (await execute(['mountpoint', '--quiet', path])).exitCode === 0;
}

async function mountEmptyDisk(record: LabRecord, host: LabHost): Promise<void> {
  const { disk } = hostPaths(record.name, host.name);
  await mkdir(disk, { recursive: true });
  if (record.disk === 'ext4') {
    await makeImage(record.name, host.name, DISK_SIZE);
    await mountImage(record.name, host.name);
  } else {
    await must(['mount', '-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0755`, 'lab-disk', disk]);
  }
  await mkdir(upperDirectory(record.name, host.name));
  await mkdir(workDirectory(record.name, host.name));
}

async function mountRoot(record: LabRecord, host: LabHost): Promise<void> {
  const paths = hostPaths(record.name, host.name);
  const upper = upperDirectory(record.name, host.name);
  const work = workDirectory(record.name, host.name);
  await mkdir(paths.root, { recursive: true });
  const options = `lowerdir=${record.layers.join(':')},upperdir=${upper},workdir=${work}`;
  await must(['mount', '-t', 'overlay', '-o', options, 'lab-root', paths.root]);
}

async function enableRole(root: string, role: Role): Promise<void> {
  const system = join(root, 'etc/systemd/system');
  const wants = join(system, 'multi-user.target.wants');
  for (const unit of Object.values(ROLE_UNITS).flat()) await rm(join(wants, unit), { force: true });
  for (const unit of ROLE_UNITS[role]) await symlink(`/lib/systemd/system/${unit}`, join(wants, unit));
}

async function personalise(record: LabRecord, host: LabHost, rootPublicKey: string): Promise<void> {
  const { root } = hostPaths(record.name, host.name);
  const others = record.hosts.map(({ name, address }) => `${address} ${name}\n`).join('');
  await writeFile(join(root, 'etc/hostname'), `${host.name}\n`);
  await writeFile(join(root, 'etc/hosts'), `127.0.0.1 localhost\n::1 localhost\n${others}`);
  await writeFile(join(root, 'etc/machine-id'), `${randomUUID().replaceAll('-', '')}\n`);
  await mkdir(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 });
  await writeFile(join(root, 'root/.ssh/authorized_keys'), rootPublicKey, { mode: 0o600 });
  await enableRole(root, host.role);
  await makeKey(join(root, 'etc/ssh/ssh_host_ed25519_key'), host.name);
}

/** Makes a host's disk on top of the read-only layers, unless it has one. */
export async function makeDisk(record: LabRecord, host: LabHost, rootPublicKey: string): Promise<void> {
  const { root, disk } = hostPaths(record.name, host.name);
  if (await isMounted(root)) return;
  if (hasImage(record.name, host.name)) return mountAgain(record.name, host);
  await mountEmptyDisk(record, host);
  await mountRoot(record, host);
  await personalise(record, host, rootPublicKey);
  // A power loss must not take away what the host is.
  await must(['sync', '--file-system', disk]);
}

/** Mounts the disk of a host whose power loss unmounted it, and puts its root together again. */
export async function mountAgain(lab: string, host: LabHost): Promise<void> {
  if (!hasImage(lab, host.name) || (await isMounted(hostPaths(lab, host.name).root))) return;
  const record = await readRecord(lab);
  if (record === undefined) throw new LabError(`The lab "${lab}" is not up`);
  await mountImage(lab, host.name);
  await mountRoot(record, host);
}

/** The line of a known_hosts file for a host. */
export async function knownHostsLine(record: LabRecord, host: LabHost): Promise<string> {
  const { root } = hostPaths(record.name, host.name);
  const [type = '', key = ''] = (
    await readFile(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8')
  ).split(' ');
  return `${host.address} ${type} ${key}\n`;
}

async function assertMounted(lab: string, host: string): Promise<void> {
  if (await isMounted(hostPaths(lab, host).disk)) return;
  throw new LabError(
    `${host} has lost power, and its disk is away. Start it: npm run lab -- fault ${host} start`,
  );
}

/** Leaves no free byte on a host's disk. Throws a `LabError` while a power loss keeps the disk away. */
export async function fillDisk(lab: string, host: string): Promise<void> {
  const { disk } = hostPaths(lab, host);
  await assertMounted(lab, host);
  if (hasImage(lab, host)) return fillImage(lab, host);
  // It can't become smaller than what is on it, and the host may write between the look and the mount.
  await waitUntil(`the disk of ${host} is full`, async () => {
    const used = (await must(['df', '--block-size=1K', '--output=used', disk])).split('\n')[1]?.trim() ?? '';
    return (await execute(['mount', '-o', `remount,size=${used}k`, 'lab-disk', disk])).exitCode === 0;
  });
}

/** Gives a host's disk its size back. Throws a `LabError` while a power loss keeps the disk away. */
export async function emptyDisk(lab: string, host: string): Promise<void> {
  await assertMounted(lab, host);
  if (hasImage(lab, host)) return emptyImage(lab, host);
  await must(['mount', '-o', `remount,size=${DISK_SIZE}`, 'lab-disk', hostPaths(lab, host).disk]);
}

/** Unmounts a host's disk; returns when nothing holds it any more. */
export async function unmountDisk(lab: string, host: string): Promise<void> {
  const paths = hostPaths(lab, host);
  for (const mount of [paths.root, paths.disk]) {
    if (!existsSync(mount)) continue;
    // A guest that has just ended lets go of its mounts a moment later.
    await waitUntil(`${mount} is unmounted`, async () => {
      return !(await isMounted(mount)) || (await execute(['umount', mount])).exitCode === 0;
    });
  }
  if (hasImage(lab, host)) await releaseImage(lab, host);
}

/** Unmounts a host's disk and forgets everything on it. */
export async function removeDisk(lab: string, host: string): Promise<void> {
  await unmountDisk(lab, host);
  await rm(hostPaths(lab, host).directory, { recursive: true, force: true });
}
