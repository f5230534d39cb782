import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { execa } from 'execa';
import { registerSearchAttributes } from '../adapters/search-attributes.js';
import { SafeguardError } from '../domain/errors.js';
import { portIsFree } from './ports.js';
import { serverArguments, type ServerPlace } from './temporal-arguments.js';
import { findTemporal } from './temporal-binary.js';

/** How long a server may take to answer for the first time, in milliseconds. */
const START_MS = 60_000;
/** How long a server may take to end by itself after SIGTERM, in milliseconds. */
const STOP_MS = 5_000;

/** A development server that answers. */
export interface TemporalServer {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
  /** Ends the server and waits until it is gone. */
  stop(): Promise<void>;
  /** Resolves when the process has ended, whoever ended it, with a phrase that says how. */
  readonly exited: Promise<string>;
}

/** Where a server keeps its state, listens and writes its log. */
export interface ServerOptions extends ServerPlace {
  /** Appended to. */
  readonly logFile: string;
  /** Executable; default: `findTemporal()`. */
  readonly binary?: string;
}

function ending(
  result: Readonly<{
    signal?: string | undefined;
    exitCode?: number | undefined;
    shortMessage?: string | undefined;
  }>,
): string {
  if (result.signal !== undefined) return `ended by ${result.signal}`;
  return result.exitCode === undefined
    ? (result.shortMessage ?? 'ended')
    : `ended with status ${result.exitCode}`;
}

/** Starts the process apart from our process group, so that Ctrl-C reaches the worker first and us in order. */
function spawnServer(binary: string, options: ServerOptions) {
  // execa hands on any descriptor, but its types know only those from 3 to 9.
  const log = openSync(options.logFile, 'a') as 3;
  try {
    const server = execa(binary, serverArguments(options), {
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      detached: true,
      forceKillAfterDelay: STOP_MS,
      reject: false,
    });
    const killWithUs = () => server.kill();
    process.once('exit', killWithUs);
    const exited = server.then((result) => {
      process.removeListener('exit', killWithUs);
      return ending(result);
    });
    return { server, exited };
  } finally {
    closeSync(log);
  }
}

/** Whatever listened there would be taken for the new server. */
async function refuseTakenPorts({ port, uiPort, ip }: ServerOptions): Promise<void> {
  for (const wanted of [port, uiPort]) {
    if (await portIsFree(wanted, ip)) continue;
    const message =
      `Port ${wanted} is in use by another program, so the Temporal server can't start there. ` +
      'Choose another port, or point TEMPORAL_ADDRESS at the server if it is one.';
    throw new SafeguardError('TEMPORAL_UNREACHABLE', message);
  }
}

/** Resolves when the server does its work; throws what it was refused with. */
async function check(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    // The port answers before the namespace is there.
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    await registerSearchAttributes(connection, 'default');
  } finally {
    await connection.close();
  }
}

async function waitUntilReady(address: string, exited: Promise<string>): Promise<void> {
  const deadline = Date.now() + START_MS;
  const ended = exited.then((how) => ({ how }));
  for (;;) {
    const outcome = await Promise.race([
      check(address).then(
        () => 'ready' as const,
        (error: unknown) => ({ error }),
      ),
      ended,
    ]);
    if (outcome === 'ready') return;
    if ('how' in outcome) throw new Error(`it ${outcome.how}`);
    if (Date.now() > deadline)
      throw new Error(`it did not answer within ${START_MS / 1000} s`, { cause: outcome.error });
    await delay(50);
  }
}

async function startFailed(options: ServerOptions, cause: unknown): Promise<SafeguardError> {
  const why = cause instanceof Error ? cause.message : String(cause);
  const lines = (await readFile(options.logFile, 'utf8')).trim().split('\n');
  // Of a Go program that panicked the end is a stack, and says nothing.
  const errors = lines.filter((line) => /level=ERROR|^(panic|fatal error):/.test(line));
  const said = (errors.length > 0 ? errors : lines).slice(-5).join('\n');
  const message = `The Temporal server did not start: ${why}. Its log, ${options.logFile}, says:\n${said}`;
  return new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
}

/**
 * Starts a development server whose state outlives it, and waits until it answers and knows our search attributes.
 * Throws TEMPORAL_UNREACHABLE with what its log says when it doesn't, TEMPORAL_NOT_FOUND without an executable.
 */
export async function startTemporalServer(options: ServerOptions): Promise<TemporalServer> {
  const binary = options.binary ?? (await findTemporal()).path;
  const ip = options.ip ?? '127.0.0.1';
  const address = `${ip}:${options.port}`;
  await refuseTakenPorts(options);
  const { server, exited } = spawnServer(binary, options);
  const stop = async () => {
    server.kill();
    await exited;
  };
  try {
    await waitUntilReady(address, exited);
  } catch (cause) {
    await stop();
    throw await startFailed(options, cause);
  }
  // A process that answered has an id.
  return { address, uiUrl: `http://${ip}:${options.uiPort}`, pid: server.pid ?? 0, stop, exited };
}
