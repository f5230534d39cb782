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

/** What a database said of itself. */
interface DatabaseAnswer {
  readonly schemaVersion: string | null;
  readonly tables: number;
  readonly ms: number;
}

/** Judges what the database said, by what a check asks of it. */
export function judgeDatabase(check: DatabaseCheck, answer: DatabaseAnswer): Observation {
  const { aspect, tolerates: range, minimumTables } = check;
  return judgeContents(
    {
      range: (aspect ?? 'schema') === 'schema' ? range : undefined,
      minimumTables: (aspect ?? 'tables') === 'tables' ? minimumTables : undefined,
    },
    answer,
  );
}

/** Judges what is in a database; what is left out may be anything. */
export function judgeContents(
  wanted: {
    readonly range?: DatabaseCheck['tolerates'] | undefined;
    readonly minimumTables?: number | undefined;
  },
  { schemaVersion, tables, ms }: DatabaseAnswer,
): Observation {
  const { range, minimumTables = 0 } = wanted;
  const isTolerated = range === undefined || (schemaVersion !== null && tolerates(range, schemaVersion));
  const found = `schema ${schemaVersion ?? 'empty'}, ${tables} tables`;
  const expected = [
    ...(isTolerated ? [] : [`schema ${range.min === range.max ? '' : `${range.min} to `}${range.max}`]),
    ...(tables < minimumTables ? [`at least ${minimumTables}`] : []),
  ];
  return expected.length === 0 ? pass(found, ms) : fail(`${found}; expected ${expected.join(', ')}`);
}

/** The mount point of which most is in use, and percent. */
export function fullestDisk({ disk }: Pick<HostSystem, 'disk'>): readonly [mount: string, percent: number] {
  return Object.entries(disk).sort(([, a], [, b]) => b - a)[0] ?? ['/', 0];
}

/** Percent of Redis' own limit from which on its memory is short. */
const CACHE_MEMORY_LIMIT = 90;

/** Judges what Redis said; `memoryLimit`: percent of its own limit. */
export function judgeCache(
  {
    aspect = 'ping',
    memoryLimit = CACHE_MEMORY_LIMIT,
  }: Pick<CacheCheck, 'aspect'> & { readonly memoryLimit?: number },
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
    percent < memoryLimit,
    `${megabytes(used)} of ${megabytes(limit)} in use (${percent} %, limit ${memoryLimit} %)`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
