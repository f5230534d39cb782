import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';

/** Arguments for tar that make the same bytes of the same entries, whenever and by whomever they were written. */
export function tarArguments(directory: string, entries: readonly string[]): string[] {
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  return [
    '--create',
    '--format=gnu',
    '--sort=name',
    '--mtime=@0',
    ...owner,
    '--directory',
    directory,
    '--',
    ...entries,
  ];
}

/** Packs the content of a directory as `.tar.gz`, reproducibly. Level 1: a jar is compressed already. */
export async function pack(directory: string, file: string): Promise<void> {
  const entries = (await readdir(directory)).sort();
  await execa('tar', tarArguments(directory, entries), { encoding: 'buffer' }).pipe('gzip', ['-n', '-1'], {
    stdout: { file },
  });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Writes `SHA256SUMS` over every file below the directory, in the format of `sha256sum`. */
export async function writeSums(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  const lines = await Promise.all(
    files.sort().map(async (file) => `${await sha256(join(directory, file))}  ${file}\n`),
  );
  await writeFile(join(directory, 'SHA256SUMS'), lines.join(''));
}
