import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inMib, LITTLE_ROOM, NO_ROOM, roomBelow } from '../adapters/disk-room.js';
import { describeReference, readSecret } from '../adapters/secrets.js';
import type { Config } from '../config/load.js';
import type { SecretReference } from '../config/schema.js';
import { secretReferences } from '../config/secret-references.js';
import { missing, ok, warning, type Finding } from '../domain/finding.js';

async function writableFinding(check: string, directory: string): Promise<Finding> {
  const { there, isWritable, freeBytes } = await roomBelow(directory);
  if (!isWritable)
    return missing(
      check,
      `${directory} can't be written: ${there} is not this user's`,
      `Give it to the worker's user.`,
    );
  const room = `${directory}: ${inMib(freeBytes)} free`;
  if (freeBytes < NO_ROOM) return missing(check, room, 'Make room: runs wait until their record is written.');
  return freeBytes < LITTLE_ROOM ? warning(check, room, 'Make room before it is full.') : ok(check, room);
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

/** Directories and secrets that a worker needs; nothing is made, and no value is shown. */
export async function placeFindings({ environments, audit }: Config): Promise<Finding[]> {
  const all = [...environments.values()];
  const records = new Set(all.map((environment) => environment.records));
  const releases = new Set(all.map(({ releaseDirectory }) => releaseDirectory));
  const secrets = new Map(
    all
      .flatMap(secretReferences)
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
