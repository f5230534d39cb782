import { join } from 'node:path';
import { registerSearchAttributes } from '../adapters/search-attributes.js';
import { connect, type TemporalSettings } from '../adapters/temporal-connection.js';
import { claim, noteServer, release, type DevRecord } from './dev-record.js';
import { end } from './process-identity.js';
import { ServerSupervisor, type ServerChange } from './server-supervisor.js';
import { findTemporal } from './temporal-binary.js';
import { startTemporalServer, type TemporalServer } from './temporal-server.js';

/** How long a server that a dead predecessor left behind may take to end, in milliseconds. */
const ORPHAN_MS = 5_000;

/** What `useOrStartServer` goes by. */
export interface FindServerOptions {
  readonly settings: TemporalSettings;
  /** Where an embedded server keeps its database (`temporal.db`), its log and who runs it. */
  readonly stateDirectory: string;
  /** Default 7233. */
  readonly port?: number;
  /** Default 8233. */
  readonly uiPort?: number;
  /** Default 127.0.0.1. */
  readonly ip?: string;
  /** Told when an embedded server dies and when it is back. Must not throw. */
  readonly onChange?: (change: ServerChange) => void;
}

/** The server to use. */
export type FoundServer =
  /** Somebody configured it; it answers, and is left alone. */
  | { readonly kind: 'configured'; readonly settings: TemporalSettings; stop(): Promise<void> }
  /** Started by us, and started again whenever it dies, until `stop`. */
  | {
      readonly kind: 'started';
      readonly settings: TemporalSettings;
      readonly uiUrl: string;
      readonly logFile: string;
      /** Process id of the server at the moment. */
      pid(): number;
      stop(): Promise<void>;
    }
  /** Another `safeguard dev` (process `pid`) already runs on this state directory. */
  | {
      readonly kind: 'running';
      readonly settings: TemporalSettings;
      readonly pid: number;
      readonly uiUrl: string;
    };

async function useConfigured(settings: TemporalSettings): Promise<FoundServer> {
  const connection = await connect(settings);
  try {
    await registerSearchAttributes(connection, settings.namespace);
  } finally {
    await connection.close();
  }
  return { kind: 'configured', settings, stop: () => Promise.resolve() };
}

function alreadyRunning(settings: TemporalSettings, { owner, address, uiUrl }: DevRecord): FoundServer {
  return { kind: 'running', settings: { ...settings, address }, pid: owner.pid, uiUrl };
}

async function startEmbedded(options: FindServerOptions): Promise<FoundServer> {
  const { stateDirectory, port = 7233, uiPort = 8233, ip = '127.0.0.1' } = options;
  const settings = { ...options.settings, address: `${ip}:${port}` };
  const uiUrl = `http://${ip}:${uiPort}`;
  const logFile = join(stateDirectory, 'temporal.log');
  const claimed = await claim(stateDirectory, { address: settings.address, uiUrl });
  if (!claimed.taken) return alreadyRunning(settings, claimed.by);

  const start = async (): Promise<TemporalServer> => {
    const { path: binary } = await findTemporal();
    const database = join(stateDirectory, 'temporal.db');
    const server = await startTemporalServer({ database, port, uiPort, ip, logFile, binary });
    await noteServer(stateDirectory, server.pid);
    return server;
  };
  try {
    // A predecessor that was killed leaves its server behind, on our ports and our database.
    if (claimed.left?.server) await end(claimed.left.server, ORPHAN_MS);
    const supervisor = new ServerSupervisor(await start(), start, options.onChange ?? (() => undefined));
    const stop = async () => {
      await supervisor.stop();
      await release(stateDirectory);
    };
    return { kind: 'started', settings, uiUrl, logFile, pid: () => supervisor.pid, stop };
  } catch (error) {
    await release(stateDirectory);
    throw error;
  }
}

/**
 * The Temporal server to work with: the configured one as it is, else an embedded one on a persistent state directory.
 * Throws TEMPORAL_UNREACHABLE, TEMPORAL_DENIED or TEMPORAL_NOT_FOUND.
 */
export async function useOrStartServer(options: FindServerOptions): Promise<FoundServer> {
  return options.settings.configured ? useConfigured(options.settings) : startEmbedded(options);
}
