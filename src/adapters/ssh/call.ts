import type { Readable } from 'node:stream';
import { SafeguardError } from '../../domain/errors.js';
import { Stop } from '../stop.js';
import type { Body } from './body.js';
import type { SshConnection } from './connection.js';
import { CommandOutput } from './output.js';
import type { Staying } from './staying-command.js';
import { describeTarget } from './target.js';

export interface ExecOptions {
  /** Sent to the command, then its end; destroyed when the command has ended first. Without it the input is empty. */
  readonly stdin?: Readable | string;
  /** Sent after `stdin`, which has to be text then: at once to a command of its own, when it asks for it to one that stays. */
  readonly body?: Body;
  /** For a program that can stay for many calls: each is one line, `stdin`, which has to be text. One that refuses is started once a call. */
  readonly stay?: Staying;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Called with each whole line of standard output as it comes, without its line feed. */
  readonly onStdoutLine?: (line: string) => void;
  /** Limit on standard output and standard error together; 4 MiB unless told. */
  readonly maxOutputBytes?: number;
}

/** How a command ended. */
export interface CommandEnd {
  /** Exit status; `null` when a signal ended the command. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ExecResult extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** One command as its caller wants it: when it is to be stopped, how much it may write, and what is said of it when it fails. */
export class Call {
  readonly stop: Stop;
  readonly options: ExecOptions;
  readonly #what: string;

  constructor({ target, lost }: SshConnection, argv: readonly string[], options: ExecOptions) {
    this.options = options;
    this.#what = `${argv[0] ?? ''} on ${describeTarget(target)}`;
    const { signal, timeoutMs } = options;
    this.stop = new Stop()
      .with(lost)
      .with(signal)
      .after(timeoutMs, () => {
        return new SafeguardError('HOST_TIMEOUT', `${this.#what} did not end within ${String(timeoutMs)} ms`);
      });
  }

  /** Room for what it writes. */
  output(onLine = this.options.onStdoutLine): CommandOutput {
    return new CommandOutput(this.options.maxOutputBytes ?? MAX_OUTPUT_BYTES, onLine);
  }

  /** Takes what came, and stops the call when that is too much. */
  take(output: CommandOutput, stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.guard(() => {
      if (output.add(stream, chunk)) return;
      throw new SafeguardError(
        'HOST_OUTPUT_TOO_LARGE',
        `${this.#what} wrote more than it may; it was cut off`,
      );
    });
  }

  /** An exception inside an event of ssh2 would end the shared connection: it stops this command instead. */
  guard(action: () => void): void {
    if (this.stop.signal.aborted) return;
    try {
      action();
    } catch (error) {
      this.stop.because(error);
    }
  }

  /**
   * The connection stands, but the command could not be started: sshd lets in so many at once, and one that hangs keeps its place
   * after its channel was closed.
   */
  notStarted(cause: unknown): SafeguardError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new SafeguardError('HOST_UNREACHABLE', `${this.#what} could not be started: ${why}`, { cause });
  }

  /** The command is gone, and nobody knows how far it came. */
  lost(): SafeguardError {
    return new SafeguardError('CONNECTION_LOST', `${this.#what} ended without telling its exit status`);
  }
}
