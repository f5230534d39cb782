import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';

const BEAT_MS = 500;

/** For what only watches, for hours and for each run that is under way: nobody waits for its end, and each beat is work for the server. */
export const WATCH_BEAT_MS = 1_500;

/** For the checks, in which most runs are that somebody aborts: until the next beat they do not hear of it. */
export const CHECK_BEAT_MS = 150;

/** What a running activity says of itself: shown in the Web UI, and the proof that it is alive. */
export interface Pulse {
  /** Ends what the activity does when the run is stopped or the worker shuts down. */
  readonly signal: AbortSignal;
  /** Shown with the next heartbeat. */
  readonly say: (text: string) => void;
}

/**
 * Heartbeats twice a second while `work` runs, or as often as said. Cancellation reaches an activity with its heartbeats, so every
 * activity that may take longer than a moment runs in here.
 */
export async function withPulse<T>(work: (pulse: Pulse) => Promise<T>, everyMs = BEAT_MS): Promise<T> {
  const context = Context.current();
  // Dozens of checks listen at once; each lets go when it is done.
  setMaxListeners(0, context.cancellationSignal);
  let latest = '';
  const beat = setInterval(() => context.heartbeat(latest), everyMs);
  try {
    return await work({
      signal: context.cancellationSignal,
      say: (text) => {
        latest = text;
      },
    });
  } finally {
    clearInterval(beat);
  }
}

/**
 * Waits, and ends at once when the activity is to stop: as cancelled, which is no failure.
 * @throws CancelledFailure
 */
export async function pause(ms: number, { signal }: Pick<Pulse, 'signal'>): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => Context.current().cancelled);
}
