import { fromHere } from '../adapters/probes/dial.js';
import type { Observation } from '../domain/check.js';
import { judgeCache, judgeContents } from '../domain/judging.js';
import type { SmokeProbe } from '../domain/smoke.js';
import type { WebOptions } from './web.js';

type Of<K extends SmokeProbe['kind']> = Extract<SmokeProbe, { readonly kind: K }>;
type Limits = Pick<WebOptions, 'signal' | 'timeoutMs' | 'ca'>;

/** Logs in to a PostgreSQL from this machine, and judges what is there. Throws NOT_REACHED and PROBE_FAILED. */
export async function askPostgres(probe: Of<'postgres'>, limits: Limits): Promise<Observation> {
  const { tables, schemaVersion, tls, ...place } = probe;
  const { signal, timeoutMs, ca } = limits;
  // Its driver is loaded where somebody asks for it: most smoke tests are of the web alone.
  const { postgresProbe } = await import('../adapters/probes/postgres.js');
  const answer = await postgresProbe({ ...place, tls: tls ? { ca } : undefined, signal, timeoutMs });
  const range = schemaVersion === undefined ? undefined : { min: schemaVersion, max: schemaVersion };
  return judgeContents({ range, minimumTables: tables }, answer);
}

/** Logs in to a Redis from this machine: it has to answer PING, and where that is asked for have memory left. Throws as the other. */
export async function askRedis(probe: Of<'redis'>, limits: Limits): Promise<Observation> {
  const { host, port, password, memoryBelow } = probe;
  const { signal, timeoutMs } = limits;
  const { redisProbe } = await import('../adapters/probes/redis.js');
  const answer = await redisProbe(fromHere(host, port), { password, signal, timeoutMs });
  return memoryBelow === undefined
    ? judgeCache({ aspect: 'ping' }, answer)
    : judgeCache({ aspect: 'memory', memoryLimit: memoryBelow }, answer);
}
