import { newDeploymentId } from '../../domain/deployment-id.js';
import { shortMoment } from '../../domain/switches.js';
import { parseMoment } from '../moments.js';
import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { namedEnvironment, switchOne, type SwitchOptions } from './switch-one.js';

/** Options of `safeguard freeze`; times as a person says them. */
export interface FreezeOptions extends SwitchOptions {
  /** Left out: now. */
  readonly from?: string;
  readonly until: string;
  /** Name of the freeze; left out: one is made. */
  readonly id?: string;
}

/** `safeguard freeze`: announces a time without deployments. */
export function freeze(terminal: Terminal, environment: string, options: FreezeOptions): Promise<number> {
  const named = namedEnvironment(options, environment);
  const zone = named.policy.windows.timezone;
  const now = Date.now();
  const from =
    options.from === undefined ? new Date(now).toISOString() : parseMoment(options.from, zone, now);
  const until = parseMoment(options.until, zone, now);
  const id = options.id ?? newDeploymentId(new Date(now), Math.random);
  const wish = { kind: 'freeze', ...whoAndWhy(options), id, from, until } as const;
  const done = `Freeze ${id} of ${environment}, from ${shortMoment(from)} until ${shortMoment(until)}, as ${wish.by}: ${wish.reason}\n  lift it: safeguard unfreeze ${environment} ${id} --reason '…'`;
  return switchOne(terminal, named, wish, done, options);
}
