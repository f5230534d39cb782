import { environmentStatus } from '../environments.js';
import type { GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { cancelCommand, queuePage } from '../view/queue.js';
import { placeOf } from './place.js';

/** `safeguard queue <environment>`: who waits, in order, and how each can be taken out. */
export async function queue(
  terminal: Terminal,
  environment: string,
  options: GlobalOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const status = await withSession(options, (session) => environmentStatus(session, place));
  if (options.json) {
    const waiting = (status?.queue ?? []).map((run, index) => ({
      position: index + 1,
      ...run,
      cancel: cancelCommand(environment, run.deploymentId),
    }));
    terminal.out(JSON.stringify({ ...place, holder: status?.holder ?? null, queue: waiting }));
  } else terminal.out(queuePage(place, status, { colour: terminal.colour, now: Date.now() }));
  return 0;
}
