import { finished, Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { Call, type ExecOptions, type ExecResult } from './call.js';
import { commandLine } from './command-line.js';
import type { SshConnection } from './connection.js';
import type { Stop } from '../stop.js';

function inputOf({ stdin, body }: ExecOptions): Readable | undefined {
  if (typeof stdin !== 'string') return stdin;
  return Readable.from(joined(stdin, body?.bytes), { objectMode: false });
}

async function* joined(text: string, bytes: AsyncIterable<Buffer> | undefined): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  if (!bytes) return;
  // It is read ahead.
  for await (const chunk of bytes) yield Buffer.from(chunk);
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

/** Starts the command for this call alone. */
async function startOnce(connection: SshConnection, line: string, call: Call): Promise<ExecResult> {
  const { stop, options } = call;
  const output = call.output();
  const stdin = inputOf(options);
  // `pipe`, which node-ssh uses, does not pass on that its source failed: the host would wait for ever.
  if (stdin) finished(stdin, { writable: false }, (error) => error && stop.because(error));
  // It rejects before the command is started, and never after.
  const { code, signal } = await connection.ssh
    .execCommand(line, {
      ...(stdin && { stdin }),
      onChannel: closeOnStop(stop),
      onStdout: (chunk) => call.take(output, 'stdout', chunk),
      onStderr: (chunk) => call.take(output, 'stderr', chunk),
    })
    .catch((cause: unknown) => Promise.reject(call.notStarted(cause)));
  // node-ssh resolves like this when the channel ended without an exit status.
  if (code === null && signal === null) throw call.lost();
  call.guard(() => output.end());
  return { code, signal, stdout: output.stdout, stderr: output.stderr };
}

async function carryOut(connection: SshConnection, line: string, call: Call): Promise<ExecResult> {
  const answer = await connection.staying.ask(connection.ssh, line, call);
  // Who stopped it meanwhile was told so, and nothing may begin after that.
  call.stop.signal.throwIfAborted();
  return answer ?? startOnce(connection, line, call);
}

/** Runs one command on an open connection; see {@link SshConnections.exec} for its errors. */
export async function execute(
  connection: SshConnection,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const call = new Call(connection, argv, options);
  return call.stop.race(carryOut(connection, commandLine(argv), call));
}
