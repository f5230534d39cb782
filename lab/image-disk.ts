import { existsSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { execute, must } from './execute.js';
import { REPOSITORY, hostPaths, labDirectory } from './layout.js';
import { waitUntil } from './waiting.js';

const STOP_DISK = join(REPOSITORY, 'lab/stop-disk.py');

// No block is kept for root, so that a full disk is full for everybody.
const MAKE = ['mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1'];

// ext4 is kind to programs that forget to sync: every 5 s it writes its journal, and it writes a file's data when the file is
// renamed over another one. Neither may save a program here that is to be found out.
const MOUNT_OPTIONS = 'loop,commit=600,noauto_da_alloc,noinit_itable';

/**
 * Makes what is mounted below the lab's directory known to every namespace that has a copy of it, so that unmounting it here
 * unmounts it there. Guests that boot later than a disk was mounted have such copies, of other labs too, and a file system that
 * is mounted anywhere keeps its page cache.
 */
export async function shareMounts(lab: string): Promise<void> {
  const directory = labDirectory(lab);
  if ((await execute(['mountpoint', '--quiet', directory])).exitCode === 0) return;
  await must(['mount', '--bind', directory, directory]);
  await must(['mount', '--make-shared', directory]);
}

/** Undoes `shareMounts`, when nothing is mounted below any more. */
export async function unshareMounts(lab: string): Promise<void> {
  const directory = labDirectory(lab);
  if ((await execute(['mountpoint', '--quiet', directory])).exitCode === 0) await must(['umount', directory]);
}

/** Whether the host's disk is an ext4 file system in an image file; otherwise it is a tmpfs, or there is none. */
export function hasImage(lab: string, host: string): boolean {
  return existsSync(hostPaths(lab, host).image);
}

/** Makes an empty disk of `size` (as `truncate` takes it, in bytes); it takes room only for what is written. */
export async function makeImage(lab: string, host: string, size: number): Promise<void> {
  const { image } = hostPaths(lab, host);
  await writeFile(image, '', { flag: 'wx' });
  await truncate(image, size);
  await must([...MAKE, image]);
}

/** Mounts a disk; what its journal has is replayed. One that was full when its host lost power is full again. */
export async function mountImage(lab: string, host: string): Promise<void> {
  const { image, disk, full } = hostPaths(lab, host);
  await must(['mount', '-t', 'ext4', '-o', MOUNT_OPTIONS, image, disk]);
  if (existsSync(full)) await fillImage(lab, host);
}

/** From now on nothing reaches the disk any more, whatever the host does until it is dead. */
export async function stopImage(lab: string, host: string): Promise<void> {
  await must(['python3', '-I', '-S', STOP_DISK, hostPaths(lab, host).disk]);
}

/** Waits until nothing uses an unmounted disk any more: until then a new mount would find the old page cache. */
export async function releaseImage(lab: string, host: string): Promise<void> {
  const { image } = hostPaths(lab, host);
  await waitUntil(`the loop device of ${image} is gone`, async () => {
    return (await must(['losetup', '--noheadings', '--output', 'NAME', '--associated', image])) === '';
  });
}

function filler(lab: string, host: string): string {
  // Beside the host's own layer, where the host does not see it.
  return join(hostPaths(lab, host).disk, 'filler');
}

async function freeBytes(directory: string): Promise<number> {
  return Number((await must(['df', '--block-size=1', '--output=avail', directory])).split('\n')[1]);
}

/** Leaves no free block. Reserves them instead of writing, which would take as long as the disk is large. */
export async function fillImage(lab: string, host: string): Promise<void> {
  const { disk, full } = hostPaths(lab, host);
  await writeFile(full, '');
  let end = 0;
  for (let free = await freeBytes(disk); free > 0; free = await freeBytes(disk)) {
    // The last blocks may be needed to write down where the others are: then fewer are asked for.
    for (let size = free; size > 0; size = Math.floor(size / 8192) * 4096) {
      const argv = ['fallocate', '--offset', String(end), '--length', String(size), filler(lab, host)];
      if ((await execute(argv)).exitCode !== 0) continue;
      end += size;
      break;
    }
    if ((await freeBytes(disk)) === free)
      throw new LabError(`${disk} can't be filled: ${free} bytes stay free`);
  }
}

/** Takes away what filled the disk. */
export async function emptyImage(lab: string, host: string): Promise<void> {
  await rm(hostPaths(lab, host).full, { force: true });
  await rm(filler(lab, host), { force: true });
}
