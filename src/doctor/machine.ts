import { join } from 'node:path';
import { needsAnsible } from '../config/ansible.js';
import type { EnvironmentConfig } from '../config/load.js';
import { whereIs } from '../adapters/find-program.js';
import { missing, ok, type Finding } from '../domain/finding.js';

/** The oldest Node that is supported; package.json says so too. */
const OLDEST_NODE = [20, 19] as const;

/** Judges a version of Node such as `20.20.2`. */
export function nodeFinding(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isNew
    ? ok('node', `Node ${version}`)
    : missing('node', `Node ${version} is too old`, `Install Node ${OLDEST_NODE.join('.')} or later.`);
}

async function programFinding(
  check: string,
  program: string,
  what: string,
  advice: string,
): Promise<Finding> {
  const path = await whereIs(program);
  return path === undefined
    ? missing(check, `${program} is not there, and ${what}`, advice)
    : ok(check, path);
}

/** Programs that a worker for these environments calls. */
export async function programFindings(environments: readonly EnvironmentConfig[]): Promise<Finding[]> {
  const flyway = process.env['SAFEGUARD_FLYWAY'] ?? 'flyway';
  const migrating = environments.filter(({ migrations }) => migrations !== undefined);
  const ansible = join(process.env['SAFEGUARD_ANSIBLE'] ?? '', 'ansible-playbook');
  const playing = environments.filter(needsAnsible);
  const signing = environments.filter(({ allowedSigners }) => allowedSigners !== null);
  const names = (of: readonly EnvironmentConfig[]): string => of.map(({ name }) => name).join(', ');
  return Promise.all([
    ...(migrating.length === 0
      ? []
      : [
          programFinding(
            'flyway',
            flyway,
            `${names(migrating)} has migrations`,
            'Install Flyway on the PATH of the worker, or name it with SAFEGUARD_FLYWAY.',
          ),
        ]),
    ...(playing.length === 0
      ? []
      : [
          programFinding(
            'ansible',
            ansible,
            `${names(playing)} has components or hosts that need it`,
            'Install ansible-core 2.19 on the PATH of the worker, or name its directory with SAFEGUARD_ANSIBLE.',
          ),
        ]),
    ...(signing.length === 0
      ? []
      : [
          programFinding(
            'ssh-keygen',
            'ssh-keygen',
            `${names(signing)} has signed approvals`,
            'Install the OpenSSH client (Debian: openssh-client).',
          ),
        ]),
  ]);
}
