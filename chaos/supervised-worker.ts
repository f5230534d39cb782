import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '../lab/waiting.js';

/** What a service manager waits before it starts what has died again. */
const RESTART_MS = 500;
/** A worker lets what runs come to a safe point first. */
const STOP_LIMIT_MS = 15_000;
/** On a machine with much else to do; on others it takes a second or two. */
const START_LIMIT_MS = 180_000;

/** What is started, with which environment, and where it writes all it says. */
export interface WorkerCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A `safeguard worker` process that is started again whenever it ends, as a service manager would. */
export class SupervisedWorker {
  private child: ChildProcess | null = null;
  private isWanted = true;
  private restartMs = RESTART_MS;
  private readonly ended: Promise<void>;

  constructor(private readonly command: WorkerCommand) {
    this.ended = this.supervise();
  }

  /** The process that runs now; `undefined` between two. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it has said once that it polls. */
  async untilReady(): Promise<void> {
    const said = async (): Promise<string> => readFile(this.command.logFile, 'utf8').catch(() => '');
    const polls = async (): Promise<boolean> => (await said()).includes(' polls at ');
    await waitUntil(`a worker polls (see ${this.command.logFile})`, polls, START_LIMIT_MS, 50);
  }

  /** SIGKILL; the next one is started `restartMs` later. */
  kill(restartMs: number): void {
    this.restartMs = restartMs;
    this.child?.kill('SIGKILL');
  }

  /** Stops the process where it is. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends it in order, and for good. */
  async stop(): Promise<void> {
    this.isWanted = false;
    this.thaw();
    this.child?.kill('SIGTERM');
    const late = setTimeout(() => this.child?.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(late);
  }

  /** Ends it at once, without a word. For one who has no time to wait. */
  abandon(): void {
    this.isWanted = false;
    this.child?.kill('SIGKILL');
  }

  private wanted(): boolean {
    return this.isWanted;
  }

  private async supervise(): Promise<void> {
    for (;;) {
      this.restartMs = RESTART_MS;
      const log = openSync(this.command.logFile, 'a');
      const { argv, env } = this.command;
      this.child = spawn(process.execPath, argv, { env, stdio: ['ignore', log, log] });
      closeSync(log);
      await once(this.child, 'exit');
      this.child = null;
      if (!this.wanted()) return;
      await delay(this.restartMs);
      if (!this.wanted()) return;
    }
  }
}
