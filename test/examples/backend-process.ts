import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { AddressInfo } from 'node:net';

/** What an operator sees of a backend: status code and body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A Python backend on a free loopback port, from an unpacked release. */
export class Backend {
  private constructor(
    private readonly port: number,
    private readonly process: ReturnType<typeof Backend.spawn>,
  ) {}

  private static spawn(directory: string, env: Readonly<Record<string, string>>) {
    return execa('/usr/bin/python3', ['campus.py'], { cwd: directory, env, extendEnv: false, reject: false });
  }

  static async start(
    directory: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Backend> {
    const port = await freePort();
    return new Backend(port, Backend.spawn(directory, { PORT: String(port), ...environment }));
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${String(this.port)}${path}`);
    return { status: response.status, body: await response.json() };
  }

  /** Asks until the answer has the status; fails after 15 s with what was seen last. */
  async until(path: string, status: number): Promise<Answer> {
    const deadline = Date.now() + 15_000;
    let last: unknown = 'nothing';
    while (Date.now() < deadline) {
      try {
        const answer = await this.get(path);
        if (answer.status === status) return answer;
        last = answer;
      } catch (error) {
        // Not listening yet.
        last = error;
      }
      await delay(20);
    }
    throw new Error(`${path} never answered ${String(status)}`, { cause: last });
  }

  /** How the process ended by itself. */
  async ended(): Promise<number | undefined> {
    return (await this.process).exitCode;
  }

  /** Sends SIGTERM and gives the exit status. */
  async stop(): Promise<number | undefined> {
    this.process.kill('SIGTERM');
    return this.ended();
  }
}
