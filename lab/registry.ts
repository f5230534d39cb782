import { mkdir, readFile, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { LABS_DIRECTORY, checkLabName, labDirectory, subnet, type LabRecord } from './layout.js';
import { rootNamespaceRoutes } from './network.js';

// A slot is a symbolic link whose target is the lab's name: made in one step with its content, or not at all.
const SLOTS = join(LABS_DIRECTORY, '.slots');
const SLOT_COUNT = 255;

async function takenSlots(): Promise<Map<number, string>> {
  await mkdir(SLOTS, { recursive: true });
  const slots = (await readdir(SLOTS)).map(Number);
  const names = await Promise.all(slots.map((slot) => readlink(join(SLOTS, String(slot))).catch(() => '')));
  return new Map(slots.map((slot, index) => [slot, names[index] ?? '']));
}

/** The slot that a lab has; `undefined` when it has none. */
export async function findSlot(name: string): Promise<number | undefined> {
  return [...(await takenSlots())].find(([, owner]) => owner === name)?.[0];
}

async function claim(slot: number, name: string): Promise<boolean> {
  try {
    await symlink(name, join(SLOTS, String(slot)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * The slot of a lab: the one it has, or the lowest free one whose network this machine does not use otherwise.
 * Two processes never get the same one.
 */
export async function allocateSlot(name: string): Promise<number> {
  const present = await findSlot(name);
  if (present !== undefined) return present;
  const taken = await takenSlots();
  for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
    if (taken.has(slot) || (await rootNamespaceRoutes(slot)) !== '') continue;
    if (await claim(slot, name)) return slot;
  }
  throw new LabError(`No free lab network: ${subnet(0)} to ${subnet(SLOT_COUNT - 1)} are all in use`);
}

/** Gives a slot back. */
export async function freeSlot(slot: number): Promise<void> {
  await rm(join(SLOTS, String(slot)), { force: true });
}

function recordFile(name: string): string {
  return join(labDirectory(name), 'lab.json');
}

/** Writes a lab's record; a reader sees the old one or the new one. */
export async function writeRecord(record: LabRecord): Promise<void> {
  const file = recordFile(record.name);
  await mkdir(labDirectory(record.name), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

type Earlier = Omit<LabRecord, 'disk'> & Partial<Pick<LabRecord, 'disk'>>;

/** Reads a lab's record; `undefined` when the lab is not up. */
export async function readRecord(name: string): Promise<LabRecord | undefined> {
  checkLabName(name);
  const text = await readFile(recordFile(name), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LabError(`Could not read ${recordFile(name)}`, { cause: error });
  });
  // Labs of before had no choice of disks.
  return text === undefined ? undefined : { disk: 'tmpfs', ...(JSON.parse(text) as Earlier) };
}

/** The names of all labs that are up. */
export async function labNames(): Promise<string[]> {
  return [...new Set((await takenSlots()).values())].sort();
}
