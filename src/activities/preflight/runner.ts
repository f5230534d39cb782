import { readFile } from 'node:fs/promises';
import { inMib, LITTLE_ROOM, NO_ROOM, roomBelow } from '../../adapters/disk-room.js';
import { whereIs } from '../../adapters/find-program.js';
import { describeReference, readSecret } from '../../adapters/secrets.js';
import { objectionToKey } from '../../adapters/ssh/private-key.js';
import { needsAnsible } from '../../config/ansible.js';
import { smokeOf } from '../../config/environment-smoke.js';
import { secretReferences } from '../../config/secret-references.js';
import { trustedOf } from '../../config/smoke.js';
import type { EnvironmentConfig } from '../../config/load.js';
import { SafeguardError } from '../../domain/errors.js';
import type { Dependencies } from '../dependencies.js';
import { atOnce, yes, type Item } from './item.js';

/** What the runner can say by itself. */
export function runnerItems(
  { ansible }: Dependencies,
  environment: EnvironmentConfig,
  version: string,
): Item[] {
  const secrets = secretReferences(environment).map(([name, reference]): Item => ({
    name: 'secret',
    target: name,
    look: atOnce(() => {
      readSecret(reference, name);
      return yes(`${describeReference(reference)} is there`);
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
  const look = atOnce(() => {
    const smoke = smokeOf(environment, version);
    if (smoke === null) return yes('there are none');
    trustedOf(smoke.suite);
    for (const [name, reference] of Object.entries(smoke.suite.secrets))
      readSecret(reference, `smoke secrets.${name}`);
    return yes(`${smoke.tests} of level ${smoke.level}`);
  });
  return [{ name: 'smoke tests', target: environment.smoke.file, look }];
}

async function lookAtKey(file: string) {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SafeguardError('SECRET_MISSING', `The key ${file} can't be read.`, { cause });
  });
  const objection = objectionToKey(text);
  if (objection !== null) throw new SafeguardError('SECRET_MISSING', `The key ${file}: ${objection}.`);
  return yes(`${file} is a private key without passphrase`);
}

async function lookAtDisk(directory: string) {
  const { isWritable, freeBytes } = await roomBelow(directory);
  if (!isWritable)
    throw new SafeguardError('RECORD_NOT_WRITTEN', `${directory} can't be written by this worker.`);
  const found = `${inMib(freeBytes)} are free below ${directory}`;
  if (freeBytes < NO_ROOM)
    return { verdict: 'fail', found, limit: inMib(NO_ROOM), code: 'RECORD_NOT_WRITTEN' } as const;
  if (freeBytes >= LITTLE_ROOM) return yes(found, inMib(NO_ROOM));
  const advice = 'Make room before it is full: runs wait until their record is written.';
  return { verdict: 'fail', found, limit: inMib(LITTLE_ROOM), warns: true, advice } as const;
}

async function lookForFlyway() {
  const program = process.env['SAFEGUARD_FLYWAY'] ?? 'flyway';
  const path = await whereIs(program);
  if (path !== undefined) return yes(path);
  const advice = 'Install Flyway on the PATH of the worker, or name it with SAFEGUARD_FLYWAY.';
  return { verdict: 'fail', found: `${program} is not there`, advice } as const;
}
