import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { namedEnvironment, switchOne, type SwitchOptions } from './switch-one.js';

/** `safeguard unfreeze`: a freeze that was announced is called off. */
export function unfreeze(
  terminal: Terminal,
  environment: string,
  id: string,
  options: SwitchOptions,
): Promise<number> {
  const wish = { kind: 'unfreeze', ...whoAndWhy(options), id } as const;
  const done = `Freeze ${id} of ${environment} is called off, as ${wish.by}: ${wish.reason}`;
  return switchOne(terminal, namedEnvironment(options, environment), wish, done, options);
}
