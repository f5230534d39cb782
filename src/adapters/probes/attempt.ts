import { SafeguardError } from '../../domain/errors.js';
import { Stop } from '../stop.js';

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** For the whole probe; 5 s unless told. */
  readonly timeoutMs?: number;
}

/** Thrown by `work` where a server answers, but lets nobody in: what it would say is not known. */
export class NotLetIn extends Error {}

/**
 * Carries out one look. Rejects with the reason of the caller's signal, and with a coded error as it is. Everything else, the time-out
 * included, is NOT_REACHED until `work` calls `reached`, and PROBE_FAILED from then on: only what was reached can be in the wrong.
 * `work` is to let go of what it holds when its signal aborts.
 */
export async function attempt<T>(
  what: string,
  options: ProbeOptions,
  work: (signal: AbortSignal, reached: () => void) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 5_000;
  let code: 'NOT_REACHED' | 'PROBE_FAILED' = 'NOT_REACHED';
  const failed = (why: string, cause?: unknown): SafeguardError =>
    new SafeguardError(code, `${what}: ${why}`, { cause });
  const late = (): Error => failed(`no answer within ${String(timeoutMs)} ms`);
  const stop = new Stop().with(options.signal).after(timeoutMs, late);
  try {
    stop.signal.throwIfAborted();
    return await stop.race(work(stop.signal, () => (code = 'PROBE_FAILED')));
  } catch (cause) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (cause instanceof SafeguardError) throw cause;
    if (cause instanceof NotLetIn) code = 'NOT_REACHED';
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    stop.dispose();
  }
}
