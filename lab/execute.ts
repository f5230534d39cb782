import { execa } from 'execa';
import { constants } from 'node:os';
import { LabError } from './errors.js';

/** How a command ended. `exitCode` is 128 + the signal's number when a signal ended it, as in a shell. */
export interface Completed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `input` becomes standard input (empty when left out); `timeoutMs` ends the command with SIGKILL; `signal` too. */
export interface ExecuteOptions {
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command's exit code as a shell gives it: 128 + the signal's number when a signal ended it. */
export function exitCodeOf(
  code: number | null | undefined,
  signal: NodeJS.Signals | null | undefined,
): number {
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
}

/** Runs a command and returns how it ended, whatever its exit code. Throws only when it cannot be started. */
export async function execute(argv: readonly string[], options: ExecuteOptions = {}): Promise<Completed> {
  const [file = '', ...args] = argv;
  const result = await execa(file, args, {
    reject: false,
    stripFinalNewline: true,
    input: options.input ?? '',
    killSignal: 'SIGKILL',
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (result.failed && result.exitCode === undefined && result.signal === undefined && !result.isCanceled) {
    throw new LabError(`Could not run ${file}: ${result.shortMessage}`, { cause: result });
  }
  const exitCode = exitCodeOf(result.exitCode, result.signal);
  return { exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a command that has to succeed and returns its standard output. Throws a `LabError` with what it said. */
export async function must(argv: readonly string[], options: ExecuteOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(argv, options);
  if (exitCode === 0) return stdout;
  throw new LabError(`${argv.join(' ')} ended with ${exitCode}: ${stderr || stdout}`);
}
