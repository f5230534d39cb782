import {
  fail,
  pass,
  type CacheCheck,
  type DatabaseCheck,
  type HttpCheck,
  type Observation,
} from './check.js';
import type { HostSystem } from './host-protocol.js';
import { readPointer } from './json-pointer.js';
import { tolerates } from './version.js';

/** Says yes or no. */
export function judged(ok: boolean, evidence: string): Observation {
  return { verdict: ok ? 'pass' : 'fail', evidence };
}

/** Judges an HTTP answer: status, then a place in the JSON, then the whole text. */
export function judgeHttp(
  check: HttpCheck,
  answer: { readonly status: number; readonly body: string; readonly ms: number },
): Observation {
  if (answer.status !== check.status) {
    const by = check.category === 'proxy' ? answeredBy(answer) : '';
    return fail(`${check.path} answered ${answer.status}${by}, expected ${check.status}`, answer.body);
  }
  if (check.json) {
    const found = readPointer(answer.body, check.json.pointer);
    const { equals } = check.json;
    const ok = equals === undefined ? found !== undefined : found === equals;
    if (!ok)
      return fail(
        `${check.path} says ${check.json.pointer} = ${JSON.stringify(found)}, expected ${equals === undefined ? 'something' : JSON.stringify(equals)}`,
        answer.body,
      );
  }
  if (check.text !== undefined && answer.body.trim() !== check.text) {
    // Cut later, once secrets are taken out; so what was expected stands first.
    return fail(
      `${check.path}: expected ${JSON.stringify(check.text)}, found ${JSON.stringify(answer.body.trim())}`,
      answer.body,
    );
  }
  return pass(`${answer.status} in ${answer.ms} ms`, answer.ms);
}

/** What nginx says with a page of its own, by status. */
const NGINX_MEANS: Readonly<Record<number, string>> = {
  404: ' (nginx itself: no route leads there)',
  502: ' (nginx itself: nothing answers behind it)',
  504: ' (nginx itself: what is behind it did not answer in time)',
};

/** Who answered: nginx, whose pages have its name at their end, or what is behind it. */
function answeredBy({ status, body }: { readonly status: number; readonly body: string }): string {
  if (!/<center>nginx(\/[\d.]+)?<\/center>/.test(body)) return ' (from behind nginx)';
  return NGINX_MEANS[status] ?? ' (nginx itself)';
}

/** Judges what the database said. */
export function judgeDatabase(
  { aspect, tolerates: range, minimumTables }: DatabaseCheck,
  answer: { readonly schemaVersion: string | null; readonly tables: number; readonly ms: number },
): Observation {
  const { schemaVersion, tables, ms } = answer;
  const evidence = `schema ${schemaVersion ?? 'empty'}, ${tables} tables`;
  const isTolerated = schemaVersion !== null && tolerates(range, schemaVersion);
  if ((aspect ?? 'schema') === 'schema' && !isTolerated)
    return fail(`${evidence}; expected schema ${range.min} to ${range.max}`);
  if ((aspect ?? 'tables') === 'tables' && tables < minimumTables)
    return fail(`${evidence}; expected at least ${minimumTables}`);
  return pass(evidence, ms);
}

/** The mount point of which most is in use, and percent. */
export function fullestDisk({ disk }: Pick<HostSystem, 'disk'>): readonly [mount: string, percent: number] {
  return Object.entries(disk).sort(([, a], [, b]) => b - a)[0] ?? ['/', 0];
}

/** Percent of Redis' own limit from which on its memory is short. */
const CACHE_MEMORY_LIMIT = 90;

/** Judges what Redis said. */
export function judgeCache(
  { aspect = 'ping' }: Pick<CacheCheck, 'aspect'>,
  { info, ms }: { readonly info: Readonly<Record<string, string>>; readonly ms: number },
): Observation {
  const number = (field: string): number => Number(info[field] ?? 0);
  if (aspect === 'ping') return pass(`PONG in ${ms} ms`, ms);
  if (aspect === 'statistics')
    return pass(
      `${number('keyspace_hits')} hits, ${number('keyspace_misses')} misses, ${number('evicted_keys')} evicted`,
    );
  const [used, limit] = [number('used_memory'), number('maxmemory')];
  if (limit === 0) return pass(`${megabytes(used)} in use, no limit`);
  const percent = Math.round((used / limit) * 100);
  return judged(
    percent < CACHE_MEMORY_LIMIT,
    `${megabytes(used)} of ${megabytes(limit)} in use (${percent} %, limit ${CACHE_MEMORY_LIMIT} %)`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
