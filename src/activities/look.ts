import { throughHost, fromHere } from '../adapters/probes/dial.js';
import { httpProbe } from '../adapters/probes/http.js';
import { postgresProbe, type PostgresAnswer } from '../adapters/probes/postgres.js';
import { redisProbe, type RedisAnswer } from '../adapters/probes/redis.js';
import { systemdProbe, uptimeProbe } from '../adapters/probes/systemd.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import type {
  Check,
  Observation,
  PrometheusCheck,
  SystemCheck,
  TcpCheck,
  TlsCheck,
  WebCheck,
} from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import { fullestDisk, judgeCache, judgeDatabase, judgeHttp, judged } from '../domain/judging.js';
import type { HostRef } from '../domain/plan.js';
import { judgeUnit } from '../domain/steadiness.js';
import type { EngineAccess } from './ask-engine.js';
import { targetOf, type Dependencies } from './dependencies.js';
import { parseJdbcUrl } from './jdbc.js';
import { lookAtContainer, lookByCommand, lookOutside } from './look-own.js';
import { shared, sharedLooks, type Inspector, type Shared } from './shared-looks.js';
import { withoutSecrets } from './secrets.js';
import type { Limits } from './watched-command.js';

/** What hosts are looked at with. */
export interface Looking {
  readonly ssh: Dependencies['ssh'];
  readonly program: Inspector;
  readonly engines: EngineAccess['program'];
  readonly postgres: Shared<PostgresAnswer>;
  readonly redis: Shared<RedisAnswer>;
}

/** For checks that are asked together, and each want something else of the same look. */
export function lookingWith({ ssh, program }: Pick<Dependencies, 'ssh' | 'program'>): Looking {
  return { ssh, program: sharedLooks(program), engines: program, postgres: shared(), redis: shared() };
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
    const [mount, used] = fullestDisk(system);
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
    const [unit, uptime] = await Promise.all([
      systemdProbe(looking.ssh, target, check.unit, limits),
      uptimeProbe(looking.ssh, target, limits),
    ]);
    return judgeUnit(check, { ...unit, activeForSeconds: Math.max(0, uptime - unit.activeAt) });
  }
  const hide = (output: string): string => withoutSecrets(environment, output);
  if (check.kind === 'command') return lookByCommand(looking.ssh, target, check, limits, hide);
  if (check.kind === 'container') {
    const access = { ssh: looking.ssh, program: looking.engines };
    return lookAtContainer(access, environment, target, check, limits, hide);
  }
  return lookAtSystem(looking, environment, check as SystemCheck, host, limits);
}

function isOutside(check: Check): check is WebCheck | TcpCheck | TlsCheck | PrometheusCheck {
  return ['web', 'tcp', 'tls', 'prometheus'].includes(check.kind);
}

async function lookFromHere(
  looking: Looking,
  environment: EnvironmentConfig,
  check: Check,
  limits: Limits,
): Promise<Observation> {
  if (isOutside(check)) return lookOutside(check, limits);
  if (check.kind === 'redis') {
    const { host, port } = check;
    return judgeCache(
      check,
      await looking.redis(`${host}:${port}`, () => redisProbe(fromHere(host, port), limits)),
    );
  }
  const { migrations } = environment;
  if (check.kind !== 'database' || !migrations)
    throw new SafeguardError('INTERNAL', `The check ${check.name} can't be carried out from the runner.`);
  const { url, user, password } = migrations;
  const answer = await looking.postgres(url, () =>
    postgresProbe({
      ...parseJdbcUrl(url),
      user,
      password: readSecret(password, 'migrations.password'),
      ...limits,
    }),
  );
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
    : lookFromHere(looking, environment, check, limits);
}
