import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { backendVersion, INTERVAL_MS } from '../prober.js';

/** Asks one backend again and again, on a connection that is kept, and notes how long it did not serve. */
class Watch {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private longestMs = 0;
  private good = performance.now();
  private version: string | null = null;
  private isUp = true;
  private isOver = false;
  private readonly done: Promise<void>;

  constructor(private readonly url: string) {
    this.done = this.watch();
  }

  /** Ends it. @returns the longest time from one good answer to the next, where one failed or another version came between */
  async end(): Promise<number> {
    this.isOver = true;
    await this.done;
    this.agent.destroy();
    return this.isUp ? this.longestMs : Math.max(this.longestMs, performance.now() - this.good);
  }

  private async watch(): Promise<void> {
    for (let next = performance.now(); !this.isOver; next += INTERVAL_MS) {
      // One that came late is not made up for by several at once.
      next = Math.max(next, performance.now());
      await delay(next - performance.now());
      this.note(await this.ask());
    }
  }

  /** A kept connection that is dead is not yet an outage: then a new one is tried at once. */
  private async ask(): Promise<string | null> {
    return (await backendVersion(this.url, this.agent)) ?? (this.isUp ? backendVersion(this.url) : null);
  }

  private note(version: string | null): void {
    const now = performance.now();
    if (version === null) {
      this.isUp = false;
      return;
    }
    const isOther = this.version !== null && version !== this.version;
    if (!this.isUp || isOther) this.longestMs = Math.max(this.longestMs, now - this.good);
    this.isUp = true;
    this.version = version;
    this.good = now;
  }
}

/** Carries out some work, and measures the longest time for which any of these backends did not serve meanwhile, in milliseconds. */
export async function longestDowntime(urls: readonly string[], work: () => Promise<void>): Promise<number> {
  const watches = urls.map((url) => new Watch(url));
  try {
    await work();
  } finally {
    // Whatever is still down when the work ends is seen to come back, or counted until here.
    await delay(5 * INTERVAL_MS);
  }
  return Math.max(...(await Promise.all(watches.map((one) => one.end()))));
}
