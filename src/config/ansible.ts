import type { EnvironmentConfig } from './load.js';

/** Whether a deployment there can't do without Ansible: for a component's transport, or to know its hosts. */
export function needsAnsible({
  components,
  inventory,
}: Pick<EnvironmentConfig, 'components' | 'inventory'>): boolean {
  return inventory !== null || Object.values(components).some(({ transport }) => transport === 'ansible');
}
