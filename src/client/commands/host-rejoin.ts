import { assertEvicted } from '../evictions.js';
import { environmentStatus } from '../environments.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { placeOf } from './place.js';
import { holderNotes, requestFrom, runRecovery, type RecoveryOptions } from './run-recovery.js';

/** `safeguard host rejoin`: an evicted host is brought to the committed release, and counted in again. */
export async function rejoinHost(
  terminal: Terminal,
  environment: string,
  host: string,
  options: RecoveryOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const request = requestFrom(place, { kind: 'rejoin', host }, options);
  return withSession(options, async (session) => {
    const status = await environmentStatus(session, place);
    assertEvicted(environment, status, host);
    const about = { lines: holderNotes(status, request), facts: { host } };
    return runRecovery(session, terminal, request, about, options);
  });
}
