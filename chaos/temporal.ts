import { join } from 'node:path';
import { freePort } from '../src/dev/ports.js';
import { findTemporal } from '../src/dev/temporal-binary.js';
import { startTemporalServer, type ServerOptions, type TemporalServer } from '../src/dev/temporal-server.js';

/** A Temporal server with a database of its own that can be killed and comes back at the same address. */
export class ChaosServer {
  private constructor(
    private readonly options: ServerOptions,
    private server: TemporalServer,
  ) {}

  /** Starts it with everything that it keeps in `directory`. */
  static async start(directory: string): Promise<ChaosServer> {
    const options = {
      database: join(directory, 'temporal.db'),
      port: await freePort(),
      uiPort: await freePort(),
      logFile: join(directory, 'temporal.log'),
      binary: (await findTemporal()).path,
    };
    return new ChaosServer(options, await startTemporalServer(options));
  }

  get address(): string {
    return this.server.address;
  }

  /** SIGKILL; returns when it is gone. */
  async kill(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
  }

  /** Starts it again after `kill`; returns when it answers. */
  async restart(): Promise<void> {
    this.server = await startTemporalServer(this.options);
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.server.stop();
  }
}
