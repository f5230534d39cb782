import type { HostProgram } from '../adapters/host-program.js';
import { commandProbe } from '../adapters/probes/command.js';
import type { SshConnections } from '../adapters/ssh/connections.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { ContainerEngine } from '../domain/host-protocol.js';
import type { Ended } from '../domain/judging-own.js';
import { OF_THE_LIMIT, watchedCommand, type Limits } from './watched-command.js';

/** How hosts are asked for their containers. */
export interface EngineAccess {
  readonly ssh: Pick<SshConnections, 'exec'>;
  readonly program: Pick<HostProgram, 'engine'>;
}

/** Whose containers, and which: `null` asks for the engine's version. */
export interface EngineQuestion {
  readonly engine: ContainerEngine;
  /** Those of the deploying user; otherwise those of root, which the system's units run. */
  readonly rootless: boolean;
  readonly container: string | null;
}

/** As `ENGINES` in ansible/library/safeguard_host.py, which asks for the containers of root. */
const VERSION: Readonly<Record<ContainerEngine, readonly string[]>> = {
  podman: ['info', '--format', '{{.Version.Version}}'],
  docker: ['version', '--format', '{{.Server.Version}}'],
};

/**
 * Asks an engine on a host, and tells how its program ended: 124 where it took too long, 127 where it is not there. Throws coded errors
 * where the host could not be asked.
 */
export async function askEngine(
  { ssh, program }: EngineAccess,
  environment: Pick<EnvironmentConfig, 'application' | 'name'>,
  target: SshTarget,
  { engine, rootless, container }: EngineQuestion,
  limits: Limits,
): Promise<Ended> {
  if (rootless) {
    const words =
      container === null
        ? VERSION[engine]
        : ['container', 'inspect', '--format', '{{json .State}}', container];
    return commandProbe(ssh, target, watchedCommand([engine, ...words], limits.timeoutMs), limits);
  }
  const { application, name } = environment;
  const limit = Math.max(1, Math.floor((limits.timeoutMs * OF_THE_LIMIT) / 1000));
  const request = { application, environment: name, engine, container, limit };
  const { status, output, errors } = await program.engine(target, request, limits);
  return { code: status, signal: null, stdout: output, stderr: errors };
}
