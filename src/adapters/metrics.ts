import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import { SafeguardError } from '../domain/errors.js';

/** What an environment says of its queue when it is asked. */
export interface QueueFigures {
  /** Runs that wait. */
  readonly queueLength: number;
  /** How long the present holder has held it; 0 where nobody does. */
  readonly lockHeldSeconds: number;
  /** The holder has made no progress for so long that somebody must look. */
  readonly isLockStale: boolean;
}

/** Which environments are asked, and how. */
export interface Asked {
  readonly application: string;
  readonly environments: readonly string[];
  /** Rejects where the environment does not answer, for whatever reason. */
  readonly ask: (environment: string) => Promise<QueueFigures>;
}

const LABELS = ['application', 'environment'] as const;
type EnvironmentGauge = Gauge<(typeof LABELS)[number]>;

/**
 * Gauges of environments. Nothing is counted in this process: each scrape asks, so a worker that was restarted says the same as one
 * that was not. An environment that does not answer has no figures, which is not the same as none waiting.
 */
export function environmentMetrics({ application, environments, ask }: Asked): Registry {
  const registry = new Registry();
  let looking: Promise<void> | null = null;
  // All gauges are collected at once, and two scrapes may be: one look does for all of them.
  const collect = (): Promise<void> => {
    looking ??= Promise.all(environments.map(look)).then(() => {
      looking = null;
    });
    return looking;
  };
  const gauge = (name: string, help: string): EnvironmentGauge =>
    new Gauge({ name, help, labelNames: LABELS, registers: [registry], collect });
  const up = gauge('safeguard_environment_up', 'The environment answered when it was asked');
  const queueLength = gauge('deployment_queue_length', 'Runs that wait for the environment');
  const held = gauge('deployment_lock_held_seconds', 'How long the environment is held; 0: it is free');
  const stale = gauge('deployment_lock_stale', 'The holder has made no progress for 15 minutes');

  async function look(environment: string): Promise<void> {
    const labels = { application, environment };
    try {
      const figures = await ask(environment);
      queueLength.set(labels, figures.queueLength);
      held.set(labels, figures.lockHeldSeconds);
      stale.set(labels, figures.isLockStale ? 1 : 0);
      up.set(labels, 1);
    } catch {
      // That it did not answer is what the metric says.
      for (const silent of [queueLength, held, stale]) silent.remove(labels);
      up.set(labels, 0);
    }
  }
  return registry;
}

/** Where metrics are served. */
export interface MetricsAddress {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** A server that answers `GET /metrics`. */
export interface MetricsServer extends MetricsAddress {
  readonly close: () => Promise<void>;
}

/**
 * Serves metrics to whoever may connect to the address.
 * @throws SafeguardError CONFIG_INVALID when the port can't be had
 */
export async function serveMetrics(
  registry: Registry,
  { address, port }: MetricsAddress,
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(registry, request, response));
  await listening(server, { address, port }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafeguardError('CONFIG_INVALID', `Metrics can't be served at ${address}:${port}: ${reason}`, {
      cause,
    });
  });
  return {
    address,
    port: (server.address() as AddressInfo).port,
    close: () => closed(server),
  };
}

function listening(server: Server, { address, port }: MetricsAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(registry: Registry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://metrics');
  if (request.method !== 'GET' || pathname !== '/metrics') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Metrics are at /metrics.\n');
    return;
  }
  try {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`);
  }
}
