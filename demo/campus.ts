import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRelease } from '../examples/campus/build.js';
import { campusConfig } from '../examples/campus/config.js';
import type { Lab } from '../lab/lab.js';
import { flyway } from '../setup/flyway.js';
import { say } from '../setup/say.js';

/** Campus, built and configured for the lab's hosts. */
export interface Campus {
  readonly directory: string;
  readonly configFile: string;
  /** What the worker needs in its environment; holds the database's password. */
  readonly environment: Readonly<Record<string, string>>;
}

/** No approval, and impatient: a person is watching. */
const POLICY = {
  approval: { required: false },
  retries: { tries: 1 },
  limits: { step: '180s', rollback: '180s' },
  checks: { interval: '2s', stabilise: '2s' },
};

/** Builds three releases (the third never becomes healthy) and writes the configuration. */
export async function prepareCampus(lab: Lab, directory: string): Promise<Campus> {
  const into = join(directory, 'releases');
  say('building campus 1.0.0, 2.0.0 and 3.0.0');
  await buildRelease({ into, version: '1.0.0', backend: 'java' });
  await buildRelease({ into, version: '2.0.0', backend: 'java' });
  await buildRelease({ into, version: '3.0.0', backend: 'java', schema: 2, misbehave: 'never-healthy' });
  const configFile = join(directory, 'safeguard.yaml');
  const web = lab.hosts.filter((host) => host.role === 'web');
  await writeFile(
    configFile,
    campusConfig('production', {
      hosts: Object.fromEntries(web.map((host) => [host.name, host.address])),
      ssh: { user: lab.deployUser, key: lab.keyFile, known_hosts: lab.knownHostsFile },
      databaseHost: lab.host('db-1').address,
      releases: join(into, '{version}'),
      records: join(directory, 'records'),
      readyTimeout: '25s',
      policy: POLICY,
    }),
  );
  const secrets = await lab.secrets();
  const environment = {
    CAMPUS_DB_PASSWORD: secrets['CAMPUS_PRODUCTION_DB_PASSWORD'] ?? '',
    SAFEGUARD_FLYWAY: await flyway(),
  };
  return { directory, configFile, environment };
}
