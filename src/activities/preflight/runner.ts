import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from '../../adapters/find-program.js';
import { describeReference, readSecret } from '../../adapters/secrets.js';
import { objectionToKey } from '../../adapters/ssh/private-key.js';
import { needsAnsible } from '../../config/ansible.js';
import { smokeOf } from '../../config/environment-smoke.js';
import { trustedOf } from '../../config/smoke.js';
import type { EnvironmentConfig } from '../../config/load.js';
import type { PreflightSeen } from '../../domain/preflight.js';
import { SafeguardError } from '../../domain/errors.js';
import type { Dependencies } from '../dependencies.js';
import { secretReferences } from '../secrets.js';
import { yes, type Item } from './item.js';

const MIB = 1024 * 1024;
/** Less than this, and a run may not be able to write its record. */
const NONE = 64 * MIB;
/** Less than this is worth a look: records and forensics of a run are some megabytes. */
const LITTLE = 1024 * MIB;

/** What the runner can say by itself. */
export function runnerItems(
  { ansible }: Dependencies,
  environment: EnvironmentConfig,
  version: string,
): Item[] {
  const secrets = secretReferences(environment).map(([name, reference]): Item => ({
    name: 'secret',
    target: name,
    look: () =>
      Promise.resolve(reference).then((where) => {
        readSecret(where, name);
        return yes(`${describeReference(where)} is there`);
      }),
  }));
  return [
    ...secrets,
    { name: 'login key', target: 'runner', look: () => lookAtKey(environment.ssh.key) },
    ...smokeItems(environment, version),
    { name: 'disk of the runner', target: 'runner', look: () => lookAtDisk(environment.records) },
    ...(environment.migrations === undefined
      ? []
      : [{ name: 'programs', target: 'flyway', look: lookForFlyway } as const]),
    ...(needsAnsible(environment)
      ? [
          {
            name: 'programs',
            target: 'ansible',
            look: async (signal: AbortSignal) => {
              await ansible.assertThere(signal);
              return yes('ansible-playbook can be started');
            },
          } as const,
        ]
      : []),
  ];
}

/** Smoke tests that could not be carried out would take a good release back. */
function smokeItems(environment: EnvironmentConfig, version: string): Item[] {
  if (environment.smoke === null) return [];
  const look = (): PreflightSeen => {
    const smoke = smokeOf(environment, version);
    if (smoke === null) return yes('there are none');
    trustedOf(smoke.suite);
    for (const [name, reference] of Object.entries(smoke.suite.secrets))
      readSecret(reference, `smoke secrets.${name}`);
    return yes(`${smoke.tests} of level ${smoke.level}`);
  };
  return [{ name: 'smoke tests', target: environment.smoke.file, look: () => Promise.resolve().then(look) }];
}

async function lookAtKey(file: string) {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SafeguardError('SECRET_MISSING', `The key ${file} can't be read.`, { cause });
  });
  const objection = objectionToKey(text);
  if (objection !== null) throw new SafeguardError('SECRET_MISSING', `The key ${file}: ${objection}.`);
  return yes(`${file} is a private key without passphrase`);
}

/** The directory, or the one above it that exists: what is missing is made when it is needed. */
async function nearest(directory: string): Promise<string> {
  const found = await stat(directory).catch(() => null);
  return found === null && directory !== dirname(directory) ? nearest(dirname(directory)) : directory;
}

async function lookAtDisk(directory: string) {
  const there = await nearest(directory);
  await access(there, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new SafeguardError('RECORD_NOT_WRITTEN', `${directory} can't be written by this worker.`, {
      cause,
    });
  });
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const found = `${Math.floor(free / MIB)} MiB are free below ${directory}`;
  if (free < NONE)
    return { verdict: 'fail', found, limit: `${NONE / MIB} MiB`, code: 'RECORD_NOT_WRITTEN' } as const;
  if (free >= LITTLE) return yes(found, `${NONE / MIB} MiB`);
  const advice = 'Make room before it is full: runs wait until their record is written.';
  return { verdict: 'fail', found, limit: `${LITTLE / MIB} MiB`, warns: true, advice } as const;
}

async function lookForFlyway() {
  const program = process.env['SAFEGUARD_FLYWAY'] ?? 'flyway';
  const path = program.includes('/')
    ? await findProgram(program.slice(program.lastIndexOf('/') + 1), [], dirname(join(program)))
    : await findProgram(program);
  if (path !== undefined) return yes(path);
  const advice = 'Install Flyway on the PATH of the worker, or name it with SAFEGUARD_FLYWAY.';
  return { verdict: 'fail', found: `${program} is not there`, advice } as const;
}
