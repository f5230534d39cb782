import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { namedEnvironment, switchOne, type SwitchOptions } from './switch-one.js';

/** `safeguard enable`: deployments are let in again, unless something else holds them back. */
export function enable(terminal: Terminal, environment: string, options: SwitchOptions): Promise<number> {
  const wish = { kind: 'enable', ...whoAndWhy(options) } as const;
  const done = `Enabled ${environment}, as ${wish.by}: ${wish.reason}`;
  return switchOne(terminal, namedEnvironment(options, environment), wish, done, options);
}
