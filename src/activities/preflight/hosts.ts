import type { EnvironmentConfig } from '../../config/load.js';
import type { HostInspection } from '../../domain/host-protocol.js';
import { fullestDisk } from '../../domain/judging.js';
import type { HostRef } from '../../domain/plan.js';
import { clockOff, roomFor } from '../../domain/preflight-limits.js';
import { targetOf, type Dependencies } from '../dependencies.js';
import { engineItems } from './engines.js';
import { needs, PATIENT_MS, yes, type Item } from './item.js';

/** Percent; the health checks after a deployment would object too (spec S10). */
const DISK_LIMIT = 90;
/** Seconds. */
const CLOCK_LIMIT = 5;

/** What of a release its hosts have to hold. */
export interface Cargo {
  readonly digest: string;
  /** Of its archives. */
  readonly bytes: number;
}

interface Looked {
  readonly seen: HostInspection;
  /** Of this runner, around the look. */
  readonly from: number;
  readonly to: number;
}

/**
 * One host: a login with its key, sudo and the host program, in one look; then what that look saw. Where it could not look, nothing
 * else of that host is known.
 */
export function hostItems(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  host: HostRef,
  cargo: Promise<Cargo>,
): Item[] {
  const target = host.name;
  const inspect = once(async (signal: AbortSignal): Promise<Looked> => {
    const of = { application: environment.application, environment: environment.name };
    const from = Date.now();
    const how = { signal, alone: true };
    const seen = await dependencies.program.inspect(targetOf(environment, host), of, how);
    return { seen, from, to: Date.now() };
  });
  return [
    {
      name: 'login',
      target,
      look: async (signal) => {
        const { seen } = await inspect(signal);
        return yes(`${environment.ssh.user} may log in, and call safeguard-host ${seen.protocol} as root`);
      },
    },
    {
      name: 'disk',
      target,
      look: async (signal) => {
        const { seen } = await needs('login', inspect(signal));
        const [mount, used] = fullestDisk(seen.system);
        const found = `${mount} is ${used} % full`;
        const limit = `below ${DISK_LIMIT} %`;
        return used < DISK_LIMIT ? yes(found, limit) : { verdict: 'fail', found, limit };
      },
    },
    {
      name: 'room',
      target,
      // The release is read first.
      limitMs: PATIENT_MS,
      look: async (signal) => {
        const { seen } = await needs('login', inspect(signal));
        const { digest, bytes } = await needs('release', cargo);
        if (seen.releases.some((one) => one.digest === digest)) return yes('the release is there already');
        return seen.system.free === undefined
          ? { verdict: 'unknown', found: 'its safeguard-host is of an earlier version', warns: true }
          : roomFor(bytes, seen.system.free);
      },
    },
    {
      name: 'clock',
      target,
      look: async (signal) => {
        const { seen, from, to } = await needs('login', inspect(signal));
        return clockOff({ time: seen.time, from, to }, CLOCK_LIMIT);
      },
    },
    ...engineItems(dependencies, environment, host, inspect),
  ];
}

/** For looks that share what the first of them does. */
function once<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let begun: Promise<T> | null = null;
  return (signal) => (begun ??= work(signal));
}
