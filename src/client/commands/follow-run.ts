import { cancelRun } from '../cancel-run.js';
import { ciJob } from '../ci-job.js';
import { follow, type Watcher } from '../follow.js';
import type { GlobalOptions } from '../options.js';
import type { RunRef } from '../runs.js';
import type { Session } from '../session.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { describeWholeEnd } from '../view/run-end.js';
import { watcherFor } from '../view/watchers.js';

/** What shells expect of a program that was ended by Ctrl-C, or by SIGTERM. */
const STATUS_OF = { SIGINT: 130, SIGTERM: 143 } as const;
type Ending = keyof typeof STATUS_OF;
const ENDINGS = Object.keys(STATUS_OF) as Ending[];

/** The run to show, and where it belongs. */
export interface Shown extends Pick<RunRef, 'workflowId' | 'kind' | 'deploymentId' | 'version'> {
  readonly application: string;
  readonly environment: string;
}

/** What becomes of the run when whoever shows it is told to end: it goes on, or it is cancelled. */
export type OnCancel = 'leave' | 'cancel';

/** How a run is shown. */
export interface FollowOptions extends GlobalOptions {
  readonly onCancel?: OnCancel;
}

/** Shows a run until it ends; answers the exit status for its outcome. Being told to end ends the showing, and the run only if so told. */
export async function followRun(
  session: Session,
  run: Shown,
  terminal: Terminal,
  options: FollowOptions,
): Promise<number> {
  const ci = ciJob(process.env, terminal);
  const watcher = ci.watching(await watcherFor(terminal, options.json === true));
  const restore = onEnding(
    options.onCancel === 'cancel'
      ? cancelling(session, run, terminal, watcher)
      : detaching(run, terminal, watcher),
  );
  try {
    const end = await follow(session, run, watcher);
    const { workflowId, kind, deploymentId, environment, version } = run;
    if (options.json)
      terminal.out(JSON.stringify({ workflowId, kind, deploymentId, environment, version, ...end }));
    else terminal.out(describeWholeEnd(end, environment, sheetOf(terminal)));
    await ci.ended(end, run);
    return end.exitStatus;
  } finally {
    restore();
  }
}

/** Calls `told` for every signal that asks the process to end; answers what takes that back. */
function onEnding(told: (signal: Ending) => void): () => void {
  for (const signal of ENDINGS) process.on(signal, told);
  return () => {
    for (const signal of ENDINGS) process.removeListener(signal, told);
  };
}

function detaching(run: Shown, terminal: Terminal, watcher: Watcher): (signal: Ending) => void {
  return (signal) => {
    watcher.close();
    terminal.err(
      `No longer watching; the run goes on. Watch it again: safeguard watch ${run.environment} --id ${run.deploymentId}`,
    );
    if (run.kind === 'deployment')
      terminal.err(`Stop it: safeguard abort ${run.environment} --id ${run.deploymentId}`);
    process.exit(STATUS_OF[signal]);
  };
}

/** Cancels the run once, and goes on showing it for as long as the process is let; told again, it ends. */
function cancelling(
  session: Session,
  run: Shown,
  terminal: Terminal,
  watcher: Watcher,
): (signal: Ending) => void {
  const detach = detaching(run, terminal, watcher);
  let isTold = false;
  return (signal) => {
    if (isTold) {
      detach(signal);
      return;
    }
    isTold = true;
    terminal.err('Told to end: cancelling the run, which brings back what was there, with or without us.');
    cancelRun(session, run.workflowId).catch((error: unknown) => {
      terminal.err(
        `The run could not be cancelled: ${error instanceof Error ? error.message : String(error)}`,
      );
      detach(signal);
    });
  };
}
