import { throughHost, fromHere } from '../adapters/probes/dial.js';
import { httpProbe } from '../adapters/probes/http.js';
import { postgresProbe } from '../adapters/probes/postgres.js';
import { redisProbe } from '../adapters/probes/redis.js';
import { systemdProbe } from '../adapters/probes/systemd.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import {
  fail,
  pass,
  type Check,
  type DatabaseCheck,
  type HttpCheck,
  type Observation,
  type SystemCheck,
} from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import { readPointer } from '../domain/json-pointer.js';
import type { HostRef } from '../domain/plan.js';
import { tolerates } from '../domain/version.js';
import { targetOf, type Dependencies } from './dependencies.js';
import { parseJdbcUrl } from './jdbc.js';
import type { Inspector } from './shared-looks.js';

/** What hosts are looked at with. */
interface Looking {
  readonly ssh: Dependencies['ssh'];
  readonly program: Inspector;
}

interface Limits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

function judged(ok: boolean, evidence: string): Observation {
  return { verdict: ok ? 'pass' : 'fail', evidence };
}

/** Judges an HTTP answer: status, then a place in the JSON, then the whole text. Pure. */
export function judgeHttp(
  check: HttpCheck,
  answer: { readonly status: number; readonly body: string; readonly ms: number },
): Observation {
  if (answer.status !== check.status)
    return fail(`${check.path} answered ${answer.status}, expected ${check.status}`);
  if (check.json) {
    const found = readPointer(answer.body, check.json.pointer);
    const { equals } = check.json;
    const ok = equals === undefined ? found !== undefined : found === equals;
    if (!ok)
      return fail(
        `${check.path} says ${check.json.pointer} = ${JSON.stringify(found)}, expected ${equals === undefined ? 'something' : JSON.stringify(equals)}`,
      );
  }
  if (check.text !== undefined && answer.body.trim() !== check.text) {
    // Cut later, once secrets are taken out; so what was expected stands first.
    return fail(
      `${check.path}: expected ${JSON.stringify(check.text)}, found ${JSON.stringify(answer.body.trim())}`,
    );
  }
  return pass(`${answer.status} in ${answer.ms} ms`);
}

/** Judges what the database said. Pure. */
export function judgeDatabase(
  check: DatabaseCheck,
  answer: { readonly schemaVersion: string | null; readonly tables: number },
): Observation {
  const evidence = `schema ${answer.schemaVersion ?? 'empty'}, ${answer.tables} tables`;
  const { min, max } = check.tolerates;
  if (answer.schemaVersion === null || !tolerates(check.tolerates, answer.schemaVersion)) {
    return fail(`${evidence}; expected schema ${min} to ${max}`);
  }
  return answer.tables < check.minimumTables
    ? fail(`${evidence}; expected at least ${check.minimumTables}`)
    : pass(evidence);
}

async function lookAtSystem(
  { program }: Looking,
  environment: EnvironmentConfig,
  check: SystemCheck,
  host: HostRef,
  { signal }: Limits,
): Promise<Observation> {
  const of = { application: environment.application, environment: environment.name };
  const { system } = await program.inspect(targetOf(environment, host), of, { signal });
  if (check.kind === 'disk') {
    const [mount, used] = Object.entries(system.disk).sort(([, a], [, b]) => b - a)[0] ?? ['/', 0];
    return judged(used < check.limit, `${mount} is ${used} % full (limit ${check.limit} %)`);
  }
  if (check.kind === 'memory')
    return judged(system.memory < check.limit, `${system.memory} % in use (limit ${check.limit} %)`);
  const load = system.load[0] / system.cores;
  return judged(load <= check.limit, `${load.toFixed(2)} per core (limit ${check.limit})`);
}

async function lookAtHost(
  looking: Looking,
  environment: EnvironmentConfig,
  check: Check,
  host: HostRef,
  limits: Limits,
): Promise<Observation> {
  const target = targetOf(environment, host);
  if (check.kind === 'http') {
    return judgeHttp(
      check,
      await httpProbe(throughHost(looking.ssh, target, check.port), { path: check.path, ...limits }),
    );
  }
  if (check.kind === 'systemd') {
    const { activeState, restarts } = await systemdProbe(looking.ssh, target, check.unit, limits);
    const isSteady = activeState === 'active' && restarts <= check.maxRestarts;
    return judged(isSteady, `${activeState}, ${restarts} restarts`);
  }
  return lookAtSystem(looking, environment, check as SystemCheck, host, limits);
}

async function lookFromHere(
  environment: EnvironmentConfig,
  check: Check,
  limits: Limits,
): Promise<Observation> {
  if (check.kind === 'redis') {
    const { ms } = await redisProbe(fromHere(check.host, check.port), limits);
    return pass(`PONG in ${ms} ms`);
  }
  const { migrations } = environment;
  if (check.kind !== 'database' || !migrations)
    throw new SafeguardError('INTERNAL', `The check ${check.name} can't be carried out from the runner.`);
  const password = readSecret(migrations.password, 'migrations.password');
  const answer = await postgresProbe({
    ...parseJdbcUrl(migrations.url),
    user: migrations.user,
    password,
    ...limits,
  });
  return judgeDatabase(check, answer);
}

/** Looks once. Throws coded errors where it can't be carried out. */
export async function look(
  looking: Looking,
  environment: EnvironmentConfig,
  check: Check,
  host: HostRef | null,
  limits: Limits,
): Promise<Observation> {
  return host
    ? lookAtHost(looking, environment, check, host, limits)
    : lookFromHere(environment, check, limits);
}
