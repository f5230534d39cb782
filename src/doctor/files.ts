import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { unreadable } from './ssh.js';
import type { EnvironmentConfig } from '../config/load.js';
import { missing, ok, type Finding } from '../domain/finding.js';

async function fileFinding(check: string, file: string, advice: string): Promise<Finding> {
  return access(file, constants.R_OK).then(
    () => ok(check, file),
    (error: unknown) => missing(check, `${file} ${unreadable(error)}`, advice),
  );
}

/** Files that Ansible is handed: inventories, and playbooks of a team's own. None is carried out. */
export async function ansibleFileFindings(environments: readonly EnvironmentConfig[]): Promise<Finding[]> {
  const inventories = new Set(environments.flatMap(({ inventory }) => inventory?.file ?? []));
  const components = environments.flatMap((environment) => Object.values(environment.components));
  const playbooks = new Set(components.flatMap(({ playbook }) => playbook ?? []));
  const undoing = new Set(components.flatMap(({ undo_playbook: undo }) => undo ?? []));
  return Promise.all([
    ...[...inventories].map((file) =>
      fileFinding(
        'inventory',
        file,
        "Put it there, readable for the worker's user, or correct inventory.file.",
      ),
    ),
    ...[...playbooks].map((file) =>
      fileFinding('playbook', file, "Put it there, readable for the worker's user, or correct playbook."),
    ),
    ...[...undoing].map((file) =>
      fileFinding(
        'undo-playbook',
        file,
        "Put it there, readable for the worker's user, or correct undo_playbook.",
      ),
    ),
  ]);
}
