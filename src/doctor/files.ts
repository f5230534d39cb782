import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { unreadable } from './ssh.js';
import type { EnvironmentConfig } from '../config/load.js';
import { missing, ok, type Finding } from '../domain/finding.js';

async function fileFinding(check: string, file: string, key: string): Promise<Finding> {
  const advice = `Put it there, readable for the worker's user, or correct ${key}.`;
  return access(file, constants.R_OK).then(
    () => ok(check, file),
    (error: unknown) => missing(check, `${file} ${unreadable(error)}`, advice),
  );
}

/** Files that Ansible is handed: inventories, and playbooks of a team's own. None is carried out. */
export async function ansibleFileFindings(environments: readonly EnvironmentConfig[]): Promise<Finding[]> {
  const components = environments.flatMap((environment) => Object.values(environment.components));
  const files = [
    ['inventory', 'inventory.file', environments.map(({ inventory }) => inventory?.file)],
    ['playbook', 'playbook', components.map(({ playbook }) => playbook)],
    ['undo-playbook', 'undo_playbook', components.map(({ undo_playbook: undo }) => undo)],
  ] as const;
  return Promise.all(
    files.flatMap(([check, key, named]) =>
      [...new Set(named)].flatMap((file) => (file === undefined ? [] : fileFinding(check, file, key))),
    ),
  );
}
