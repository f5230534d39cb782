import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CampusLab } from './campus-lab.js';

const PAUSE_MS = 20;

/** A value as it stands, and in base64 wherever it may begin within three bytes. */
function forms(value: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${' '.repeat(shift)}${value}`).toString('base64');
    // The first and the last characters depend on what stands beside the value.
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  return [value, ...encoded];
}

/** True when a text has the value in it, plain or in base64. */
export function shows(text: string | Buffer, value: string): boolean {
  return forms(value).some((form) => text.includes(form));
}

/** Every text of a history, payloads as the bytes that they are. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...texts(item)]);
}

/** Ids of the workflows whose histories have the value. */
export async function inHistories({ client }: CampusLab, value: string): Promise<string[]> {
  const found: string[] = [];
  for await (const run of client.workflow.list()) {
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    if (texts(history).some((text) => shows(text, value))) found.push(run.workflowId);
  }
  return found.sort();
}

/** Files below a directory of this machine that have the value: records, logs, Temporal's database. */
export async function inFiles(directory: string, value: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(files.map(async (file) => shows(await readFile(file), value)));
  return files
    .filter((_, index) => found[index])
    .map((file) => relative(directory, file))
    .sort();
}

const TREES = ['/etc', '/home', '/opt', '/root', '/run', '/srv', '/tmp', '/usr/local', '/var'];

/** `<mode> <owner> <path>` of a host's files that have the value. It travels on standard input: arguments are for everyone to see. */
export async function onHost({ lab }: CampusLab, host: string, value: string): Promise<string[]> {
  const search = ['grep', '-rslF', '--devices=skip', '--exclude-dir=journal', '-f', '-', ...TREES];
  const { stdout } = await lab.run(host, search, { input: forms(value).join('\n') });
  const files = stdout.split('\n').filter((line) => line !== '');
  if (files.length === 0) return [];
  const told = await lab.run(host, ['stat', '-c', '%a %U %n', '--', ...files]);
  return told.stdout.split('\n').sort();
}

/** True when a host's journal has the value. */
export async function inJournal({ lab }: CampusLab, host: string, value: string): Promise<boolean> {
  const { stdout } = await lab.run(host, ['journalctl', '--no-pager', '--output=export']);
  if (!stdout.includes('sshd')) throw new Error(`the journal of ${host} has nothing in it`);
  return shows(stdout, value);
}

/**
 * Collects the command lines of all processes of this machine, again and again. The lab's hosts are among them: their
 * processes live in namespaces below ours.
 */
export class ProcessList {
  readonly seen = new Set<string>();
  private stopped = false;
  private readonly ended = this.watch();

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended;
  }

  private async watch(): Promise<void> {
    while (!this.stopped) {
      for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) this.look(name);
      await delay(PAUSE_MS);
    }
  }

  private look(pid: string): void {
    try {
      this.seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch (error) {
      // It has ended since it was listed.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
