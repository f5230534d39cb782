import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditLine, TrailPlace } from '../domain/audit.js';
import { lineName, type StoredLine } from '../domain/audit-check.js';
import { auditText } from '../domain/audit-trail.js';
import { SafeguardError } from '../domain/errors.js';
import { broken, foldersOf, foldersOfLife, unavailable, type Trails } from './audit-store-path.js';
import type { AuditStore } from './audit-store.js';

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

/** Audit trails in a directory, one file a line: `<application>/<environment>/<life>/000000000001.json`. */
export class AuditDirectory implements AuditStore {
  constructor(private readonly root: string) {}

  async keep(line: AuditLine): Promise<void> {
    const folder = join(this.root, ...foldersOfLife(line));
    const file = join(folder, lineName(line.sequence));
    const text = auditText(line);
    // Names that begin with a dot are no lines: a worker that is killed here may leave one.
    const scratch = join(folder, `.${randomUUID()}`);
    try {
      await makeDurably(folder);
      await writeDurably(scratch, text);
      if (!(await linkedOnce(scratch, file)) && (await readFile(file, 'utf8')) !== text)
        throw broken(line, file);
      await sync(folder);
    } catch (cause) {
      if (cause instanceof SafeguardError) throw cause;
      throw unavailable(`${file} can't be written`, cause);
    } finally {
      // What can't be removed is what could not be made either; the error above says why.
      await rm(scratch, { force: true }).catch(() => undefined);
    }
  }

  async lives(where: Trails): Promise<string[]> {
    return visible(join(this.root, ...foldersOf(where)));
  }

  async read(place: TrailPlace): Promise<StoredLine[]> {
    const folder = join(this.root, ...foldersOfLife(place));
    const lines: StoredLine[] = [];
    for (const name of await visible(folder)) lines.push({ name, text: await textOf(join(folder, name)) });
    return lines;
  }
}

async function visible(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw unavailable(`${folder} can't be read`, error);
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unavailable(`${file} can't be read`, error);
  }
}

/** Whole or not at all; false when something has this name already. */
async function linkedOnce(scratch: string, file: string): Promise<boolean> {
  try {
    await link(scratch, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  // Readable only, for its owner too: who changes a line has to mean it.
  const handle = await open(file, 'wx', 0o440);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those above it, whose names outlive a loss of power as the lines in them do. */
async function makeDurably(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
