import type { Eviction } from '../../domain/recovery.js';
import { wayBackIn } from '../../domain/ways-out.js';
import { evictHost } from '../evictions.js';
import type { GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { placeOf } from './place.js';

/** Options of `safeguard host evict`. */
export interface EvictOptions extends GlobalOptions {
  readonly reason: string;
  readonly by?: string;
}

/** `safeguard host evict`: a person takes a host out of an environment. */
export async function evict(
  terminal: Terminal,
  environment: string,
  host: string,
  options: EvictOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const said = { host, ...whoAndWhy(options) };
  const eviction = await withSession(options, (session) => evictHost(session, place, said));
  terminal.out(options.json ? JSON.stringify({ ...place, ...eviction }) : describe(environment, eviction));
  return 0;
}

function describe(environment: string, { host, by, reason, withdrawn }: Eviction): string {
  return [
    `${host.name} is evicted from ${environment}, as ${by} (claimed): ${reason}`,
    `  It gets no traffic, is not deployed to, and does not count. It comes back only by`,
    `    ${wayBackIn(environment, host.name)}`,
    withdrawn
      ? '  It was seen out of traffic.'
      : `  The environment takes it out of traffic as soon as it answers; safeguard status ${environment} shows when. Take it out of your load balancer until then.`,
  ].join('\n');
}
