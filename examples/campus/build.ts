import { randomUUID } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkoutRoot } from '../../setup/checkout.js';
import { campusJar } from '../../setup/maven.js';
import { pack, writeSums } from './archive.js';
import {
  alterLastByte,
  cutInHalf,
  FAILING_SQL,
  misbehaveFile,
  MISBEHAVIOURS,
  reportedVersion,
} from './misbehaviours.js';
import { checkOptions, describeRelease, schemaLevel } from './release-options.js';
import type { Misbehaviour } from './misbehaviours.js';
import type { ReleaseOptions, SchemaLevel } from './release-options.js';

export type { Misbehaviour, ReleaseOptions };

function source(...path: string[]): string {
  return join(checkoutRoot(), 'examples', 'campus', ...path);
}

/** Replaces `{{version}}` and `{{application}}` in a file. */
async function stamp(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole),
  );
}

async function writeBackend(directory: string, options: ReleaseOptions): Promise<void> {
  const { backend, version, misbehave, seconds } = options;
  if (backend === 'java') await copyFile(await campusJar(), join(directory, 'campus.jar'));
  else await copyFile(source('backend-python', 'campus.py'), join(directory, 'campus.py'));
  await writeFile(join(directory, 'version.txt'), `${reportedVersion(version, misbehave)}\n`);
  const wrong = misbehaveFile(misbehave, seconds);
  if (wrong !== null) await writeFile(join(directory, 'misbehave.txt'), wrong);
}

async function writeFrontend(
  directory: string,
  { version, application = 'campus' }: ReleaseOptions,
): Promise<void> {
  await cp(source('frontend'), directory, { recursive: true });
  const pages = (await readdir(directory)).filter((name) => !name.includes('assets'));
  for (const name of pages) await stamp(join(directory, name), { version, application });
  // Named by version, so that a page loaded before a deployment never gets the next release's style.
  for (const end of ['css', 'js']) {
    await rename(
      join(directory, 'assets', `campus.${end}`),
      join(directory, 'assets', `campus-${version}.${end}`),
    );
  }
}

async function writeMigrations(
  directory: string,
  level: SchemaLevel,
  { misbehave, migrations = {} }: ReleaseOptions,
): Promise<void> {
  await mkdir(directory);
  for (const name of await readdir(source('migrations'))) {
    if (Number(/^V(\d+)__/.exec(name)?.[1]) <= level)
      await copyFile(source('migrations', name), join(directory, name));
  }
  if (misbehave === 'failing-migration')
    await writeFile(join(directory, `V${String(level + 1)}__fails.sql`), FAILING_SQL);
  for (const [name, sql] of Object.entries(migrations)) await writeFile(join(directory, name), sql);
}

async function archive(
  release: string,
  name: string,
  write: (directory: string) => Promise<void>,
): Promise<void> {
  const files = join(release, `.${name}`);
  await mkdir(files);
  await write(files);
  await pack(files, join(release, `${name}.tar.gz`));
  await rm(files, { recursive: true });
}

async function fill(release: string, options: ReleaseOptions): Promise<void> {
  const { misbehave } = options;
  const level = schemaLevel(options);
  const backend = join(release, 'backend.tar.gz');
  await archive(release, 'backend', (directory) => writeBackend(directory, options));
  await archive(release, 'frontend', (directory) => writeFrontend(directory, options));
  if (level !== null) await writeMigrations(join(release, 'migrations'), level, options);
  await writeFile(join(release, 'release.json'), `${JSON.stringify(describeRelease(options), null, 2)}\n`);
  if (misbehave === 'broken-archive') await cutInHalf(backend);
  await writeSums(release);
  if (misbehave === 'wrong-checksum') await alterLastByte(backend);
}

/**
 * Builds the release directory `<into>/<version>/`: backend.tar.gz, frontend.tar.gz, migrations/, release.json and
 * SHA256SUMS over all of them. The same options give the same bytes. Throws when the options make no sense; Java also
 * when Maven fails.
 */
export async function buildRelease(options: ReleaseOptions): Promise<void> {
  checkOptions(options);
  await mkdir(options.into, { recursive: true });
  const scratch = join(options.into, `.${randomUUID()}`);
  const target = join(options.into, options.version);
  await mkdir(scratch);
  try {
    await fill(scratch, options);
    await rm(target, { recursive: true, force: true });
    await rename(scratch, target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const USAGE = `build.js <version> --into <folder> [--backend java|python] [--schema 1|2|3|none] [--commit <40 hex>]
  [--application <name>] [--misbehave ${MISBEHAVIOURS.join('|')}] [--seconds <n>]`;

const SCHEMAS: Readonly<Record<string, SchemaLevel | null>> = { '1': 1, '2': 2, '3': 3, none: null };

/** Options from command-line words. Throws the usage when they are not understood. */
export function parseOptions(words: readonly string[]): ReleaseOptions {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      into: text,
      backend: text,
      schema: text,
      misbehave: text,
      seconds: text,
      application: text,
      commit: text,
    },
  });
  const { into, backend = 'python', schema, seconds, application, commit } = values;
  const version = positionals[0];
  const misbehave = MISBEHAVIOURS.find((name) => name === values.misbehave);
  const level = schema === undefined ? undefined : SCHEMAS[schema];
  const understood =
    (backend === 'java' || backend === 'python') &&
    (schema === undefined || level !== undefined) &&
    misbehave === values.misbehave &&
    !Number.isNaN(Number(seconds ?? 0));
  if (!into || !version || positionals.length > 1 || !understood) throw new Error(`Usage: ${USAGE}`);
  return {
    into,
    version,
    backend,
    ...(level === undefined ? {} : { schema: level }),
    ...(misbehave === undefined ? {} : { misbehave }),
    ...(seconds === undefined ? {} : { seconds: Number(seconds) }),
    ...(application === undefined ? {} : { application }),
    ...(commit === undefined ? {} : { commit }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const options = parseOptions(process.argv.slice(2));
  await buildRelease(options);
  console.log(join(options.into, options.version));
}
