import { SafeguardError } from '../../domain/errors.js';
import { EXIT_DIFFERS } from '../../domain/outcome.js';
import type { GlobalOptions } from '../options.js';
import { liftQuarantine } from '../resolutions.js';
import { withSession } from '../session.js';
import { whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { describeError } from '../view/error.js';
import { placeOf } from './place.js';

/** Options of `safeguard resolve`. */
export interface ResolveOptions extends GlobalOptions {
  readonly reason: string;
  readonly by?: string;
}

/** `safeguard resolve`: lifts a quarantine, if a look at every host finds one release; the exit status of `verify` otherwise. */
export async function resolve(
  terminal: Terminal,
  environment: string,
  options: ResolveOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const said = whoAndWhy(options);
  try {
    const found = await withSession(options, (session) => liftQuarantine(session, place, said));
    terminal.out(
      options.json
        ? JSON.stringify({ ...place, ...said, isLifted: true, found })
        : `The quarantine of ${environment} is lifted, as ${said.by}: ${said.reason}. Every host serves ${found.committed}; new deployments are let in.`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof SafeguardError) || error.code !== 'QUARANTINE_STANDS') throw error;
    if (options.json)
      terminal.out(JSON.stringify({ ...place, ...said, isLifted: false, stands: error.message }));
    else terminal.err(describeError(error, options.verbose === true));
    return EXIT_DIFFERS;
  }
}
