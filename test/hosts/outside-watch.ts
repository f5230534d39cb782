import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 20;
const PATIENCE_MS = 1_000;

/** One answer that a user would have got. */
export interface Heard {
  readonly part: 'site' | 'backend';
  readonly version: string;
  /** `X-Safeguard-Release`; `null` where there is none. */
  readonly digest: string | null;
  /** When it had arrived, by `Date.now()`. */
  readonly at: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly digest: string | null;
}

/** One question on a connection of its own; `null`: no answer. */
async function ask(address: string, path: string): Promise<Answer | null> {
  return new Promise((resolve) => {
    const request = get({ host: address, path, agent: false, timeout: PATIENCE_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => resolve(null));
      response.on('end', () => {
        const digest = response.headers['x-safeguard-release'];
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(parts).toString('utf8'),
          digest: typeof digest === 'string' ? digest : null,
        });
      });
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}

function versionIn(part: Heard['part'], body: string): string {
  return part === 'site' ? body.trim() : (/"version":\s*"([^"]+)"/.exec(body)?.[1] ?? 'unreadable');
}

/** Asks one host from another machine, as users do, again and again, and remembers every answer. */
export class OutsideWatch {
  private readonly heard: Heard[] = [];
  private readonly stopped = new AbortController();
  private readonly asking: Promise<unknown>;

  constructor(private readonly address: string) {
    this.asking = Promise.all([
      this.keepAsking('site', '/version.txt'),
      this.keepAsking('backend', '/actuator/info'),
    ]);
  }

  private async keepAsking(part: Heard['part'], path: string): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const answer = await ask(this.address, path);
      // A proxy without its service says 502: nothing is served.
      if (answer?.status === 200)
        this.heard.push({
          part,
          version: versionIn(part, answer.body),
          digest: answer.digest,
          at: Date.now(),
        });
      // A test that failed must not be kept from ending.
      await delay(EVERY_MS, undefined, { ref: false });
    }
  }

  /** What was answered until now, oldest first. */
  get answers(): readonly Heard[] {
    return this.heard;
  }

  /** The versions that were answered until now, each once. */
  get versions(): string[] {
    return [...new Set(this.heard.map(({ version }) => version))];
  }

  /** Whether both parts have answered. */
  get servesWhole(): boolean {
    return new Set(this.heard.map(({ part }) => part)).size === 2;
  }

  async stop(): Promise<readonly Heard[]> {
    this.stopped.abort();
    await this.asking;
    return this.heard;
  }
}
