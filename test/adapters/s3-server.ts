import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versitygw } from '../../setup/versitygw.js';
import { freePort } from '../../src/dev/ports.js';

/** A private S3 server on loopback, over a directory. */
export class S3Server {
  readonly accessKey = 'AKIATESTTESTTESTTEST';
  readonly secretKey = 'a-secret-that-nobody-else-knows';
  private process: ChildProcess | null = null;

  private constructor(
    private readonly program: string,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<S3Server> {
    const program = await versitygw();
    const folder = await mkdtemp(join(tmpdir(), 'safeguard-s3-'));
    for (const name of ['data', 'iam']) await mkdir(join(folder, name));
    const server = new S3Server(program, folder, await freePort());
    await server.run();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Makes a bucket; answers its name. */
  async bucket(name: string): Promise<string> {
    await mkdir(join(this.folder, 'data', name));
    return name;
  }

  /** Starts it, or starts it again. */
  async run(): Promise<void> {
    const { folder, port, program } = this;
    const argv = ['--port', `127.0.0.1:${port}`, '--quiet', '--iam-dir', join(folder, 'iam')];
    this.process = spawn(program, [...argv, 'posix', join(folder, 'data')], {
      env: { ...process.env, ROOT_ACCESS_KEY: this.accessKey, ROOT_SECRET_KEY: this.secretKey },
      stdio: 'ignore',
    });
    while (!(await this.answers())) {
      if (this.process.exitCode !== null) throw new Error('versitygw ended before it answered');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Stops it; what it holds stays. */
  async halt(): Promise<void> {
    if (this.process?.exitCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
    this.process = null;
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    return fetch(this.endpoint).then(
      () => true,
      () => false,
    );
  }
}
