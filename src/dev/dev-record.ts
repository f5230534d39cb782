import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';
import { isSystemError } from './system-error.js';

/** Who runs `safeguard dev` on a state directory: `<state directory>/dev.json`. */
export interface DevRecord {
  readonly owner: ProcessIdentity;
  /** The Temporal server; `null` while it is being started. */
  readonly server: ProcessIdentity | null;
  /** `host:port` of the server. */
  readonly address: string;
  readonly uiUrl: string;
}

/** Outcome of a claim: ours now (with what a dead predecessor left, if any), or another's who is alive. */
export type Claim =
  | { readonly taken: true; readonly left: DevRecord | undefined }
  | { readonly taken: false; readonly by: DevRecord };

function file(stateDirectory: string): string {
  return join(stateDirectory, 'dev.json');
}

/** The record of a state directory, whether its owner lives or not. */
export async function readRecord(stateDirectory: string): Promise<DevRecord | undefined> {
  try {
    return JSON.parse(await readFile(file(stateDirectory), 'utf8')) as DevRecord;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function writeScratch(stateDirectory: string, record: DevRecord): Promise<string> {
  const scratch = join(stateDirectory, `.dev-${randomUUID()}.json`);
  await writeFile(scratch, `${JSON.stringify(record, null, 2)}\n`);
  return scratch;
}

/** Puts the record in place only where there is none: `link` refuses to replace. */
async function publish(stateDirectory: string, record: DevRecord): Promise<boolean> {
  const scratch = await writeScratch(stateDirectory, record);
  try {
    await link(scratch, file(stateDirectory));
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(scratch);
  }
}

/** Makes this process the one that runs `safeguard dev` on the state directory, unless a living one does. */
export async function claim(
  stateDirectory: string,
  place: Pick<DevRecord, 'address' | 'uiUrl'>,
): Promise<Claim> {
  await mkdir(stateDirectory, { recursive: true });
  const mine: DevRecord = { owner: await identify(process.pid), server: null, ...place };
  let left: DevRecord | undefined;
  while (!(await publish(stateDirectory, mine))) {
    const found = await readRecord(stateDirectory);
    if (found && (await isAlive(found.owner))) return { taken: false, by: found };
    left = found ?? left;
    await rm(file(stateDirectory), { force: true });
  }
  return { taken: true, left };
}

/** Notes which process the server is now. Only the owner calls it. */
export async function noteServer(stateDirectory: string, pid: number): Promise<void> {
  const record = await readRecord(stateDirectory);
  if (record === undefined) throw new Error(`${file(stateDirectory)} was removed while safeguard dev runs`);
  const scratch = await writeScratch(stateDirectory, { ...record, server: await identify(pid) });
  await rename(scratch, file(stateDirectory));
}

/** Gives the state directory back. Only the owner calls it. */
export async function release(stateDirectory: string): Promise<void> {
  await rm(file(stateDirectory), { force: true });
}
