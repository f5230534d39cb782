import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { execute, must } from './execute.js';
import { makeKey } from './keys.js';
import { hostPaths, type LabHost, type LabRecord, type Role } from './layout.js';
import { waitUntil } from './waiting.js';

/** Size of a host's disk (memory is used only for what is written). */
const DISK_SIZE = '2g';

const ROLE_UNITS: Readonly<Record<Role, readonly string[]>> = {
  web: ['nginx.service'],
  db: ['postgresql.service', 'redis-server.service'],
};

/** The host's own layer: everything that was written since it was made. */
export function upperDirectory(lab: string, host: string): string {
  return join(hostPaths(lab, host).disk, 'upper');
}

async function isMounted(path: string): Promise<boolean> {
  return (await execute(['mountpoint', '--quiet', path])).exitCode === 0;
}

async function mountDisk(record: LabRecord, host: LabHost): Promise<void> {
  const paths = hostPaths(record.name, host.name);
  const work = join(paths.disk, 'work');
  const upper = upperDirectory(record.name, host.name);
  await mkdir(paths.disk, { recursive: true });
  await mkdir(paths.root, { recursive: true });
  await must(['mount', '-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0755`, 'lab-disk', paths.disk]);
  await mkdir(upper);
  await mkdir(work);
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
  const { root } = hostPaths(record.name, host.name);
  if (await isMounted(root)) return;
  await mountDisk(record, host);
  await personalise(record, host, rootPublicKey);
}

/** The line of a known_hosts file for a host. */
export async function knownHostsLine(record: LabRecord, host: LabHost): Promise<string> {
  const { root } = hostPaths(record.name, host.name);
  const [type = '', key = ''] = (
    await readFile(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8')
  ).split(' ');
  return `${host.address} ${type} ${key}\n`;
}

/** Leaves no free byte on a host's disk. */
export async function fillDisk(lab: string, host: string): Promise<void> {
  const { disk } = hostPaths(lab, host);
  const used = (await must(['df', '--block-size=1K', '--output=used', disk])).split('\n')[1]?.trim() ?? '';
  await must(['mount', '-o', `remount,size=${used}k`, 'lab-disk', disk]);
}

/** Gives a host's disk its size back. */
export async function emptyDisk(lab: string, host: string): Promise<void> {
  await must(['mount', '-o', `remount,size=${DISK_SIZE}`, 'lab-disk', hostPaths(lab, host).disk]);
}

/** Unmounts a host's disk and forgets everything on it. */
export async function removeDisk(lab: string, host: string): Promise<void> {
  const paths = hostPaths(lab, host);
  for (const mount of [paths.root, paths.disk]) {
    if (!existsSync(mount)) continue;
    // A guest that has just ended lets go of its mounts a moment later.
    await waitUntil(`${mount} is unmounted`, async () => {
      return !(await isMounted(mount)) || (await execute(['umount', mount])).exitCode === 0;
    });
  }
  await rm(paths.directory, { recursive: true, force: true });
}
