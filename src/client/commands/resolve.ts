import { liftQuarantine } from '../environments.js';
import { actor, type GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { placeOf } from './place.js';

/** Options of `safeguard resolve`. */
export interface ResolveOptions extends GlobalOptions {
  readonly reason: string;
  readonly by?: string;
}

/** `safeguard resolve`: a person says that the hosts are in order again. */
export async function resolve(
  terminal: Terminal,
  environment: string,
  options: ResolveOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const said = { by: actor(options.by), reason: options.reason };
  await withSession(options, (session) => liftQuarantine(session, place, said));
  terminal.out(
    options.json
      ? JSON.stringify({ ...place, ...said })
      : `Told ${environment} that it is in order again, as ${said.by}: ${said.reason}. It takes new deployments.`,
  );
  return 0;
}
