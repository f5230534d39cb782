import { parseMoment } from '../moments.js';
import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { namedEnvironment, switchOne, type SwitchOptions } from './switch-one.js';

/** Options of `safeguard disable`. */
export interface DisableOptions extends SwitchOptions {
  /** As a person says it; left out: until it is enabled. */
  readonly until?: string;
}

/** `safeguard disable`: deployments to an environment are held back from now on. */
export function disable(terminal: Terminal, environment: string, options: DisableOptions): Promise<number> {
  const named = namedEnvironment(options, environment);
  const { until } = options;
  const wish = {
    kind: 'disable',
    ...whoAndWhy(options),
    until: until === undefined ? null : parseMoment(until, named.policy.windows.timezone, Date.now()),
  } as const;
  return switchOne(terminal, named, wish, `Disabled ${environment}, as ${wish.by}: ${wish.reason}`, options);
}
