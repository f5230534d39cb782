import { finished, Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { SafeguardError } from '../../domain/errors.js';
import { commandLine } from './command-line.js';
import type { SshConnection } from './connection.js';
import { CommandOutput } from './output.js';
import { Stop } from '../stop.js';
import { describeTarget } from './target.js';

export interface ExecOptions {
  /** Sent to the command, then its end; destroyed when the command has ended first. Without it the input is empty. */
  readonly stdin?: Readable | string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Called with each whole line of standard output as it comes, without its line feed. */
  readonly onStdoutLine?: (line: string) => void;
  /** Limit on standard output and standard error together; 4 MiB unless told. */
  readonly maxOutputBytes?: number;
}

export interface ExecResult {
  /** Exit status; `null` when a signal ended the command. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** An exception inside an event of ssh2 would end the shared connection: it stops this command instead. */
function guarded(stop: Stop, action: () => void): void {
  if (stop.signal.aborted) return;
  try {
    action();
  } catch (error) {
    stop.because(error);
  }
}

function readable(stdin: Readable | string): Readable {
  return typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin;
}

/** Closes the channel when the command is to be stopped, even when it opens only later. */
function closeOnStop(stop: Stop): (channel: ClientChannel) => void {
  return (channel) => {
    channel.on('error', (error: Error) => stop.because(error));
    channel.stderr.on('error', (error: Error) => stop.because(error));
    if (stop.signal.aborted) channel.close();
    else stop.signal.addEventListener('abort', () => channel.close(), { once: true });
  };
}

/** Runs one command on an open connection; see {@link SshConnections.exec} for its errors. */
export async function execute(
  connection: SshConnection,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const host = describeTarget(connection.target);
  const program = argv[0] ?? '';
  const output = new CommandOutput(options.maxOutputBytes ?? MAX_OUTPUT_BYTES, options.onStdoutLine);
  const timedOut = (): Error =>
    new SafeguardError(
      'HOST_TIMEOUT',
      `${program} on ${host} did not end within ${String(options.timeoutMs)} ms`,
    );
  const stop = new Stop().with(connection.lost).with(options.signal).after(options.timeoutMs, timedOut);
  const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) =>
    guarded(stop, () => {
      if (output.add(stream, chunk)) return;
      throw new SafeguardError(
        'HOST_OUTPUT_TOO_LARGE',
        `${program} on ${host} wrote more than it may; it was cut off`,
      );
    });
  const stdin = options.stdin === undefined ? undefined : readable(options.stdin);
  // `pipe`, which node-ssh uses, does not pass on that its source failed: the host would wait for ever.
  if (stdin) finished(stdin, { writable: false }, (error) => error && stop.because(error));
  const response = await stop.race(
    connection.ssh.execCommand(commandLine(argv), {
      ...(stdin && { stdin }),
      onChannel: closeOnStop(stop),
      onStdout: take('stdout'),
      onStderr: take('stderr'),
    }),
  );
  // node-ssh resolves like this when the channel ended without an exit status.
  if (response.code === null && response.signal === null) {
    throw new SafeguardError(
      'CONNECTION_LOST',
      `${program} on ${host} ended without telling its exit status`,
    );
  }
  output.end();
  const { stdout, stderr } = output;
  return { code: response.code, signal: response.signal, stdout, stderr };
}
