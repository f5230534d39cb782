import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What a request is by GitHub's description. */
export type Verdict =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'invalid'; readonly errors: unknown }
  | ({ readonly kind: 'valid' } & Call);

/** A request that is as GitHub wants it. */
export interface Call {
  /** GitHub's name of the operation. */
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** GitHub's own example of an answer. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** The thread that knows the description (`judge-thread.js`). */
export class Judge {
  private readonly open = new Map<number, (verdict: unknown) => void>();
  private count = 0;
  private readonly worker: Worker;

  /** `root`: the path below which the API lies. */
  constructor(root: string) {
    this.worker = new Worker(join(import.meta.dirname, 'judge-thread.js'), {
      workerData: { root },
      execArgv: ['--no-warnings'],
    });
    this.worker.on('message', ({ id, verdict }: { readonly id: number; readonly verdict: unknown }) => {
      this.open.get(id)?.(verdict);
      this.open.delete(id);
    });
  }

  request(request: {
    readonly method: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
  }): Promise<Verdict> {
    return this.ask({ request: { ...request, headers: {} } });
  }

  /** What is wrong with an answer. */
  answer(operation: string, body: unknown): Promise<readonly string[]> {
    return this.ask({ answer: { operation, body } });
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }

  private ask<T>(what: object): Promise<T> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve) => {
      this.open.set(id, resolve as (verdict: unknown) => void);
      this.worker.postMessage({ id, ...what });
    });
  }
}
