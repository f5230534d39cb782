import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeReference, readSecret } from '../adapters/secrets.js';
import type { Config, EnvironmentConfig } from '../config/load.js';
import type { SecretReference } from '../config/schema.js';
import { missing, ok, warning, type Finding } from '../domain/finding.js';

const MIB = 1024 * 1024;
/** Less than this is worth a look; records and forensics of a run are some megabytes. */
const LITTLE = 1024 * MIB;
/** Less than this, and records may not be written. */
const NONE = 64 * MIB;

/** The directory, or the one above it that exists: what is missing is made when it is needed. */
async function nearest(directory: string): Promise<string> {
  const found = await stat(directory).catch(() => null);
  return found === null && directory !== dirname(directory) ? nearest(dirname(directory)) : directory;
}

async function writableFinding(check: string, directory: string): Promise<Finding> {
  const there = await nearest(directory);
  const isWritable = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable)
    return missing(
      check,
      `${directory} can't be written: ${there} is not this user's`,
      `Give it to the worker's user.`,
    );
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const room = `${directory}: ${Math.floor(free / MIB)} MiB free`;
  if (free < NONE) return missing(check, room, 'Make room: runs wait until their record is written.');
  return free < LITTLE ? warning(check, room, 'Make room before it is full.') : ok(check, room);
}

async function releasesFinding(pattern: string): Promise<Finding> {
  const directory = dirname(`${pattern.split('{version}')[0] ?? ''}x`);
  const found = await stat(directory).catch(() => null);
  return found?.isDirectory() === true
    ? ok('releases', directory)
    : missing(
        'releases',
        `${directory} is not there`,
        'Leave built releases there, or correct release.directory.',
      );
}

function secretFinding(reference: SecretReference, name: string): Finding {
  const where = `${name} (${describeReference(reference)})`;
  try {
    readSecret(reference, name);
    return ok('secrets', `${where} is there`);
  } catch {
    // What is wrong with it is all there is to say; the value is shown to nobody.
    return 'env' in reference
      ? warning('secrets', `${where} is not set here`, "It has to be in the worker's own environment.")
      : missing(
          'secrets',
          `${where} can't be read, or is empty`,
          "Put it there, readable for the worker's user.",
        );
  }
}

function secretsOf({ components, migrations }: EnvironmentConfig): (readonly [string, SecretReference])[] {
  return [
    ...Object.values(components).flatMap((part) =>
      part.kind === 'systemd' ? Object.entries(part.secrets) : [],
    ),
    ...(migrations === undefined ? [] : [['migrations.password', migrations.password] as const]),
  ];
}

/** Directories and secrets that a worker needs; nothing is made, and no value is shown. */
export async function placeFindings({ environments, audit }: Config): Promise<Finding[]> {
  const all = [...environments.values()];
  const records = new Set(all.map((environment) => environment.records));
  const releases = new Set(all.map(({ releaseDirectory }) => releaseDirectory));
  const secrets = new Map(
    all
      .flatMap(secretsOf)
      .map(([name, reference]) => [`${name} ${describeReference(reference)}`, { name, reference }]),
  );
  return [
    ...(await Promise.all([
      ...[...releases].map(releasesFinding),
      ...[...records].map((directory) => writableFinding('records', directory)),
      ...(audit.kind === 'directory' ? [writableFinding('audit', audit.directory)] : []),
    ])),
    ...[...secrets.values()].map(({ name, reference }) => secretFinding(reference, name)),
  ];
}
