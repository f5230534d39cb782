import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';

/** What a command is, and where it writes all it says. */
export interface ClientCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A command of the CLI as a person or a CI job runs it, in a process of its own, so that it can be killed. */
export class ClientProcess {
  /** Exit status; `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(private readonly command: ClientCommand) {
    const log = openSync(command.logFile, 'a');
    this.child = spawn(process.execPath, command.argv, { env: command.env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.ended = once(this.child, 'exit').then(([code]) => code as number | null);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** All it has said so far. */
  async said(): Promise<string> {
    return readFile(this.command.logFile, 'utf8');
  }
}
