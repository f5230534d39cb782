import type { GlobalOptions } from '../options.js';
import { currentRun, namedRun, successorOf } from '../runs.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { followRun } from './follow-run.js';
import { placeOf } from './place.js';

/** Options of `safeguard watch`. */
export interface WatchOptions extends GlobalOptions {
  readonly id?: string;
}

/** `safeguard watch`: follows the open or the given run; where that was terminated, what goes on in its place. */
export async function watch(terminal: Terminal, environment: string, options: WatchOptions): Promise<number> {
  const place = placeOf(options, environment);
  return withSession(options, async (session) => {
    const run = await (options.id === undefined
      ? currentRun(session, place)
      : namedRun(session, place, options.id));
    const now = await successorOf(session, place, run);
    return followRun(session, { ...now, ...place }, terminal, options);
  });
}
