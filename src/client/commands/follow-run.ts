import { follow } from '../follow.js';
import type { GlobalOptions } from '../options.js';
import type { RunRef } from '../runs.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';
import { describeEnd } from '../view/run-end.js';
import { watcherFor } from '../view/watchers.js';

/** What shells expect of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** The run to show, and where it belongs. */
export interface Shown extends Pick<RunRef, 'workflowId' | 'kind' | 'deploymentId' | 'version'> {
  readonly application: string;
  readonly environment: string;
}

/** Shows a run until it ends; answers the exit status for its outcome. Ctrl-C ends the showing, never the run. */
export async function followRun(
  session: Session,
  run: Shown,
  terminal: Terminal,
  options: GlobalOptions,
): Promise<number> {
  const watcher = watcherFor(terminal, options.json === true);
  const detach = (): void => {
    watcher.close();
    terminal.err(
      `No longer watching; the run goes on. Watch it again: safeguard watch ${run.environment} --id ${run.deploymentId}`,
    );
    if (run.kind === 'deployment')
      terminal.err(`Stop it: safeguard abort ${run.environment} --id ${run.deploymentId}`);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', detach);
  try {
    const end = await follow(session, run, watcher);
    const { workflowId, kind, deploymentId, environment, version } = run;
    if (options.json)
      terminal.out(JSON.stringify({ workflowId, kind, deploymentId, environment, version, ...end }));
    else terminal.out(describeEnd(end, environment, terminal.colour));
    return end.exitStatus;
  } finally {
    process.removeListener('SIGINT', detach);
  }
}
