import { setTimeout as delay } from 'node:timers/promises';
import { SafeguardError } from '../../domain/errors.js';
import { redact } from '../secrets.js';
import { Stop } from '../stop.js';
import { refusalOf, type Refusal } from './failures.js';

/** Who asks: `signal` ends it at once, `say` tells people what is waited for. */
export interface Watch {
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** How patiently GitHub is asked. */
export interface Limits {
  /** For one request. */
  readonly requestMs: number;
  /** Before each further try of a request that nobody answered. */
  readonly delaysMs: readonly number[];
  /** Of all waiting together; below the ten minutes that the activity has. */
  readonly waitMs: number;
}

export const LIMITS: Limits = { requestMs: 20_000, delaysMs: [1000, 2000, 4000], waitMs: 300_000 };

/**
 * Asks GitHub, and waits as long as GitHub wants to be waited for. The waiting is our own: that of Octokit's plugins can't be
 * ended, and a cancelled run must not leave a worker that lives on for minutes.
 */
export class Patience {
  private waitedMs = 0;

  constructor(
    /** Address of the API, for messages. */
    private readonly api: string,
    private readonly secrets: readonly string[],
    private readonly watch: Watch,
    private readonly limits: Limits = LIMITS,
  ) {}

  /**
   * What the request answers. What GitHub itself refuses is answered by `refused`, or thrown when that has no answer either.
   * @throws SafeguardError GITHUB_UNREACHABLE, GITHUB_DENIED; the signal's reason when it was stopped
   */
  async ask<T>(
    request: (signal: AbortSignal) => Promise<T>,
    refused: (status: number) => T | undefined = () => undefined,
  ): Promise<T> {
    for (let failed = 0; ;) {
      const refusal = await this.once(request);
      if ('answer' in refusal) return refusal.answer;
      if (refusal.kind === 'answered') {
        const instead = refused(refusal.status);
        if (instead === undefined) throw this.denied(refusal.status, refusal.why);
        return instead;
      }
      if (refusal.kind === 'limited') {
        await this.wait(refusal.seconds * 1000, 'limits how often it may be asked', refusal.seconds);
        continue;
      }
      const planned = this.limits.delaysMs[failed];
      failed += 1;
      const why = `does not answer (${this.clear(refusal.why)})`;
      if (planned === undefined) throw this.unreachable(`${why}, asked ${failed} times`, refusal.seconds);
      await this.wait(refusal.seconds === null ? planned : refusal.seconds * 1000, why, refusal.seconds);
    }
  }

  private async once<T>(
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly answer: T } | Refusal> {
    const { signal } = this.watch;
    const late = new Error(`no answer within ${this.limits.requestMs / 1000} s`);
    const began = Date.now();
    const stop = new Stop().with(signal).after(this.limits.requestMs, () => late);
    try {
      return { answer: await stop.race(request(stop.signal)) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const refusal: Refusal | null = stop.signal.aborted
        ? { kind: 'away', seconds: null, why: late.message }
        : refusalOf(error);
      if (refusal === null) throw error;
      // Whoever is silent for long is waited for too.
      if (refusal.kind === 'away') this.waitedMs += Date.now() - began;
      return refusal;
    }
  }

  /** `wished`: the seconds that GitHub itself asks for. */
  private async wait(ms: number, why: string, wished: number | null): Promise<void> {
    const until = new Date(Date.now() + ms).toISOString();
    if (this.waitedMs + ms > this.limits.waitMs) throw this.unreachable(why, wished);
    this.waitedMs += ms;
    this.watch.say(`GitHub ${why}; asked again at ${until}`);
    const { signal } = this.watch;
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }

  private unreachable(why: string, seconds: number | null): SafeguardError {
    const again =
      seconds === null
        ? ''
        : ` It wants to be asked again at ${new Date(Date.now() + seconds * 1000).toISOString()}, which is later than a run waits.`;
    return new SafeguardError('GITHUB_UNREACHABLE', `GitHub (${this.api}) ${why}.${again}`);
  }

  private denied(status: number, why: string): SafeguardError {
    return new SafeguardError('GITHUB_DENIED', `GitHub (${this.api}) refuses: ${status} ${this.clear(why)}`);
  }

  private clear(text: string): string {
    return redact(text, this.secrets).slice(0, 300);
  }
}
