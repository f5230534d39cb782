import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SafeguardError } from '../domain/errors.js';
import type { IncidentMarker, RunRecord } from '../domain/run.js';

/** Records and incident markers of one environment, as files on the runner: `records/<id>.json`, `incidents/<id>.json`. */
export class RecordStore {
  constructor(private readonly root: string) {}

  /** Keeps a run's record, once: the first one stays. Answers its path. */
  async keepRecord(record: RunRecord): Promise<string> {
    return this.keepOnce(
      join(record.application, record.environment, 'records', `${record.deploymentId}.json`),
      record,
    );
  }

  /** Keeps a rollback's marker, once. */
  async keepIncident(marker: IncidentMarker): Promise<string> {
    return this.keepOnce(
      join(marker.application, marker.environment, 'incidents', `${marker.deploymentId}.json`),
      marker,
    );
  }

  /** Keeps something that was seen during a run beside its record; the newest one stays. */
  async keepEvidence(
    where: { application: string; environment: string; deploymentId: string },
    name: string,
    value: unknown,
  ): Promise<string> {
    const file = join(
      this.root,
      where.application,
      where.environment,
      'runs',
      where.deploymentId,
      `${name}.json`,
    );
    await this.write(file, value, 'replace');
    return file;
  }

  private async keepOnce(path: string, value: unknown): Promise<string> {
    const file = join(this.root, path);
    await this.write(file, value, 'once');
    return file;
  }

  /** Whole or not at all, and on the disk when it returns. */
  private async write(file: string, value: unknown, mode: 'once' | 'replace'): Promise<void> {
    const scratch = `${file}.${randomUUID()}`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeDurably(scratch, `${JSON.stringify(value, null, 2)}\n`);
      await (mode === 'replace' ? rename(scratch, file) : linkOnce(scratch, file));
      await syncDirectory(dirname(file));
    } catch (cause) {
      throw new SafeguardError(
        'RECORD_NOT_WRITTEN',
        `${file} can't be written: ${(cause as Error).message}`,
        { cause },
      );
    } finally {
      // What can't be removed is what could not be made either; the error above says why.
      await rm(scratch, { force: true }).catch(() => undefined);
    }
  }
}

/** A file that is there already: an earlier attempt of this activity got as far as this. */
async function linkOnce(scratch: string, file: string): Promise<void> {
  try {
    await link(scratch, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o640);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
