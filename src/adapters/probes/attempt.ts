import { SafeguardError } from '../../domain/errors.js';
import { Stop } from '../stop.js';

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** For the whole probe; 5 s unless told. */
  readonly timeoutMs?: number;
}

/**
 * Carries out one look. Rejects with the reason of the caller's signal, with a coded error as it is, and with
 * PROBE_FAILED for everything else, the time-out included. `work` is to let go of what it holds when its signal aborts.
 */
export async function attempt<T>(
  what: string,
  options: ProbeOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 5_000;
  const late = (): Error =>
    new SafeguardError('PROBE_FAILED', `${what}: no answer within ${String(timeoutMs)} ms`);
  const stop = new Stop().with(options.signal).after(timeoutMs, late);
  try {
    stop.signal.throwIfAborted();
    return await stop.race(work(stop.signal));
  } catch (cause) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (cause instanceof SafeguardError) throw cause;
    throw new SafeguardError(
      'PROBE_FAILED',
      `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    stop.dispose();
  }
}
