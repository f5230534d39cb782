import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Facts } from './facts.js';
import { historyShows, shows } from './forms.js';
import type { Rest, Violation } from './types.js';
import { violation } from './violation.js';

const ROOT_ONLY = 0o600;

/** Where a host's services get their secrets from, for root alone. */
function isAllowed({ path, mode, uid }: Facts['leakedFiles'][number]): boolean {
  return uid === 0 && mode === ROOT_ONLY && /^\/opt\/[^/]+\/releases\/[^/]+\/[^/]+$/.test(path);
}

/** Secrets on a host: in its files, its journal, the arguments of its processes. */
export function judgeLeaksOfHost(host: string, facts: Facts): Violation[] {
  const files = facts.leakedFiles.filter((file) => !isAllowed(file));
  return [
    ...files.map((file) => violation('I5', host, `A secret stands in the file ${file.path}`, file)),
    ...facts.leakedInJournal.map((entry) => violation('I5', host, 'A secret stands in the journal', entry)),
    ...facts.leakedInArguments.map((one) =>
      violation('I5', host, 'A secret stands in the command line of a process', one),
    ),
  ];
}

/** Secrets in histories, and in command lines that were seen. */
export function judgeLeaks({ histories, commandLines }: Rest, forms: readonly string[]): Violation[] {
  const inHistories = [...histories].filter(([, text]) => historyShows(text, forms));
  const inLines = commandLines.filter((line) => shows(line, forms));
  return [
    ...inHistories.map(([id]) => violation('I5', null, `A secret stands in the history of ${id}`, id)),
    // Its first word only: the rest has the secret in it.
    ...inLines.map((line) =>
      violation('I5', null, 'A secret stood in a command line', line.split(/[\s\0]/)[0] ?? ''),
    ),
  ];
}

/** What is gone while it is being looked at: a file that was renamed when it was whole. */
function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function leaksIn(directory: string, forms: readonly string[]): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    try {
      if (shows(await readFile(file), forms))
        found.push(violation('I5', null, 'A secret stands in a file of the runner', file));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

/** Secrets in any file below the runner's directories. */
export async function judgeRunnerFiles(
  directories: readonly string[],
  forms: readonly string[],
): Promise<Violation[]> {
  return (await Promise.all(directories.map((directory) => leaksIn(directory, forms)))).flat();
}
