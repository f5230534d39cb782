import { decide, fullHash, waitingRun } from '../decisions.js';
import { runProgress } from '../environments.js';
import { actor, type GlobalOptions } from '../options.js';
import { namedRun } from '../runs.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { placeOf } from './place.js';

/** Options of `safeguard approve` and `safeguard reject`. */
export interface DecideOptions extends GlobalOptions {
  readonly id?: string;
  readonly comment: string;
  readonly by?: string;
  readonly plan?: string;
}

/** `safeguard approve` and `safeguard reject`: a decision on the very plan that is shown here, and no other. */
export async function decideOn(
  terminal: Terminal,
  verdict: 'approve' | 'reject',
  environment: string,
  options: DecideOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  return withSession(options, async (session) => {
    const run = await (options.id === undefined
      ? waitingRun(session, place)
      : namedRun(session, place, options.id));
    const { planHash: atHand, from, version } = await runProgress(session, place.application, run.workflowId);
    const planHash = fullHash(options.plan, atHand);
    const recorded = await decide(session, run, verdict, {
      by: actor(options.by),
      comment: options.comment,
      ...(planHash === undefined ? {} : { planHash }),
    });
    if (options.json) terminal.out(JSON.stringify({ deploymentId: run.deploymentId, ...recorded }));
    else {
      terminal.out(
        `${run.deploymentId} was ${recorded.verdict} by ${recorded.by} (claimed): ${recorded.comment}`,
      );
      terminal.out(`  plan ${recorded.planHash}: ${from ?? 'nothing'} → ${version}`);
    }
    return 0;
  });
}
