import type { GlobalOptions } from '../options.js';
import { environmentReport } from '../report.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { cancelCommand, currentStep, lockPage } from '../view/queue.js';
import { placeOf } from './place.js';

/** `safeguard lock show <environment>`: who holds it, how far it is, and what can be done about it. */
export async function lockShow(
  terminal: Terminal,
  environment: string,
  options: GlobalOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const { status, progress } = await withSession(options, (session) => environmentReport(session, place));
  if (!options.json) {
    terminal.out(lockPage(place, status, progress, { colour: terminal.colour, now: Date.now() }));
    return 0;
  }
  const holder = status?.holder ?? null;
  terminal.out(
    JSON.stringify({
      ...place,
      incarnation: status?.incarnation ?? null,
      epoch: status?.epoch ?? 0,
      waiting: status?.queue.length ?? 0,
      holder: holder && {
        ...holder,
        phase: progress?.phase ?? null,
        step: currentStep(progress),
        stalled: typeof holder.stalledSince === 'string',
        abort: cancelCommand(environment, holder.deploymentId),
      },
    }),
  );
  return 0;
}
