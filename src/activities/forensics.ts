import { Stop } from '../adapters/stop.js';
import type { EnvironmentConfig } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import type { ForensicsResult } from '../domain/host-protocol.js';
import type { Dependencies } from './dependencies.js';
import { addressed, options, type OnHost } from './on-host.js';
import { withPulse, type Pulse } from './pulse.js';
import { withoutSecrets, withoutSmokeSecrets } from './secrets.js';

type Call = OnHost & {
  readonly deploymentId: string;
  /** Of the release that failed. */
  readonly version: string;
  /** Seconds of logs, counted back from now. */
  readonly logSeconds: number;
  /** Seconds after which this ends, whatever it has. */
  readonly limitSeconds: number;
};

/** Connecting and the answer's way back take time too: the host gets the greater part of the limit, not all of it. */
function hostSeconds(limitSeconds: number): number {
  return Math.max(1, Math.floor(limitSeconds * 0.75));
}

/** The host has taken its own secrets out; the worker knows others, such as the migrations' password and those of smoke tests. */
function cleared(
  environment: EnvironmentConfig,
  version: string,
  { directory, files }: ForensicsResult,
): object {
  const hide = withoutSmokeSecrets(environment, version);
  const texts = Object.entries(files).map(([name, text]) => [name, hide(withoutSecrets(environment, text))]);
  return { directory, files: Object.fromEntries(texts) as Record<string, string> };
}

/** Where forensics of a host are. */
export interface Forensics {
  /** `web-1:/var/backups/…`, or why there is nothing on the host: a sentence for the record. */
  readonly said: string;
  /** The copy on the runner; `null`: there is none. */
  readonly kept: string | null;
}

async function keep(dependencies: Dependencies, call: Call, pulse: Pulse): Promise<Forensics> {
  const { environment, target, request } = addressed(dependencies, call);
  const { host, version, logSeconds, limitSeconds, deploymentId } = call;
  const found = await dependencies.program.forensics(
    target,
    { ...request, operation: 'forensics', version, logs: logSeconds, limit: hostSeconds(limitSeconds) },
    options(pulse),
  );
  const kept = await dependencies.records.keepEvidence(
    { application: call.application, environment: call.environment, deploymentId },
    `forensics-${host.name}`,
    cleared(environment, version, found),
  );
  const said =
    found.directory === ''
      ? `${host.name}: not kept there, since too little of its disk is free; see ${kept}`
      : `${host.name}:${found.directory}`;
  return { said, kept };
}

/**
 * Keeps what there is to know of a failed release, on the host and with the run's artifacts, before the way back covers it up.
 * Answers where.
 * @throws SafeguardError HOST_TIMEOUT when it is not done within its limit: the way back must not wait for it
 */
export async function forensics(dependencies: Dependencies, call: Call): Promise<Forensics> {
  return withPulse(async ({ signal, say }) => {
    const late = (): Error =>
      new SafeguardError(
        'HOST_TIMEOUT',
        `Forensics of ${call.version} on ${call.host.name} were not done within ${call.limitSeconds} s.`,
      );
    const stop = new Stop().with(signal).after(call.limitSeconds * 1000, late);
    return stop.race(keep(dependencies, call, { signal: stop.signal, say }));
  });
}
