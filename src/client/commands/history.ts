import { pastRuns } from '../history.js';
import type { GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { historyPage } from '../view/history.js';
import { placeOf } from './place.js';

/** Options of `safeguard history`. */
export interface HistoryOptions extends GlobalOptions {
  readonly limit: number;
}

/** `safeguard history <environment>`: what was done there lately, and what came of it. */
export async function history(
  terminal: Terminal,
  environment: string,
  options: HistoryOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const runs = await withSession(options, (session) => pastRuns(session, place, options.limit));
  terminal.out(
    options.json
      ? JSON.stringify({ ...place, runs })
      : historyPage(place, runs, { ...sheetOf(terminal), now: Date.now() }),
  );
  return 0;
}
