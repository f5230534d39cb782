import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place, Plant } from './chaos-plants.js';

type Kind = 'records' | 'incidents';

/** The newest of a kind: that of the run that was rolled back. */
async function newest({ rest }: Place, kind: Kind): Promise<string> {
  const directory = join(rest.records, 'campus', 'production', kind);
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  return join(directory, names.sort().at(-1) ?? '');
}

function beside(file: string): string {
  return file.replace(/\.json$/, '-again.json');
}

/** Does something to the newest of a kind, or beside it. */
function paper(
  name: string,
  kind: Kind,
  change: (file: string, text: string) => Promise<void>,
  ...finds: readonly RegExp[]
): Plant {
  let kept = { file: '', text: '' };
  return {
    name,
    put: async (place) => {
      const file = await newest(place, kind);
      kept = { file, text: await readFile(file, 'utf8') };
      await change(kept.file, kept.text);
    },
    undo: async () => {
      await writeFile(kept.file, kept.text);
      await rm(beside(kept.file), { force: true });
    },
    finds: finds.map((what) => ['I4', null, what] as const),
  };
}

/** I4: what is written down. */
export const PAPERS: readonly Plant[] = [
  paper('no record', 'records', (file) => rm(file), /^The run \S+ has no record$/),
  paper(
    'a second record',
    'records',
    (file, text) => writeFile(beside(file), text),
    /^The run \S+ has 2 records$/,
  ),
  paper(
    'half a record',
    'records',
    (file, text) => writeFile(file, text.slice(0, text.length / 2)),
    /^A record can not be read$/,
    /^The run \S+ has no record$/,
  ),
  paper('no incident', 'incidents', (file) => rm(file), /^The rollback of \S+ has no incident$/),
  paper(
    'a second incident',
    'incidents',
    (file, text) => writeFile(beside(file), text),
    /^The rollback of \S+ has 2 incidents$/,
  ),
  paper(
    'an incident without a rollback',
    'incidents',
    (file, text) =>
      writeFile(beside(file), text.replace(/("deploymentId": ")[^"]+/, '$120260101-000000-aaaaaa')),
    /^20260101-000000-aaaaaa has an incident, and nothing was rolled back$/,
  ),
];
