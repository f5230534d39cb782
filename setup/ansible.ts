import { pythonEnvironment } from './python-environment.js';

/** The newest that runs on Debian 12's Python. */
export const ANSIBLE_CORE = '2.19.14';

/**
 * A Python virtual environment with ansible-core, built once: the directory that has `bin/ansible-playbook`.
 * Throws when this machine has no Python that it runs on.
 */
export async function ansibleVenv(): Promise<string> {
  return pythonEnvironment('ansible', ANSIBLE_CORE, [`ansible-core==${ANSIBLE_CORE}`]);
}
