import { abortRun } from '../abort-run.js';
import { oneLineIfAny } from '../one-line.js';
import { actor, type GlobalOptions } from '../options.js';
import { currentDeployment, namedRun, notAbortable } from '../runs.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { followRun } from './follow-run.js';
import { placeOf } from './place.js';

/** Options of `safeguard abort`. */
export interface AbortOptions extends GlobalOptions {
  readonly id?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly follow?: boolean;
}

/** `safeguard abort`: stops the run that holds the environment, the only open one, or the given one. */
export async function abort(terminal: Terminal, environment: string, options: AbortOptions): Promise<number> {
  const place = placeOf(options, environment);
  const said = {
    by: actor(options.by),
    reason: oneLineIfAny('--reason', options.reason) ?? 'no reason given',
  };
  return withSession(options, async (session) => {
    const run = await (options.id === undefined
      ? currentDeployment(session, place)
      : namedRun(session, place, options.id));
    if (run.kind !== 'deployment') throw notAbortable(run);
    await abortRun(session, run, said);
    const { deploymentId, version, workflowId } = run;
    if (options.follow) {
      terminal.err(`Told ${deploymentId} (${version}) to stop.`);
      return followRun(session, { ...run, ...place }, terminal, options);
    }
    if (options.json) terminal.out(JSON.stringify({ deploymentId, workflowId, ...place, ...said }));
    else {
      terminal.out(`Told ${deploymentId} (${version}) to stop, as ${said.by}: ${said.reason}`);
      terminal.out(
        'It brings back what was there before it began; a run that every host has gone through with is finished instead.',
      );
      terminal.out(`Watch it: safeguard watch ${place.environment} --id ${deploymentId}`);
    }
    return 0;
  });
}
