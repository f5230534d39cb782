import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { smoke, type SmokeRun } from '../../src/checks/smoke.js';
import { loadSmoke } from '../../src/config/smoke.js';
import { freePort } from '../../src/dev/ports.js';
import type { SmokeResult } from '../../src/domain/smoke.js';
import { CampusSite } from './campus-site.js';
import { Authority } from './certificates.js';

/** No resolver is asked for it: a part of a name has 63 characters at most. */
const NO_NAME = `${'n'.repeat(64)}.test`;

/** What a test changes about a run; `more`: keys of `smoke.yaml` beside its tests. */
export type Changes = Partial<SmokeRun> & { readonly more?: object };

/** Servers that are right and wrong in every way, and smoke tests against them, from a file as users have it. */
export class SmokeBench {
  private constructor(
    private readonly folder: string,
    readonly site: CampusSite,
    readonly authority: Authority,
    /** Base URLs, by what is special about each. */
    readonly at: Readonly<Record<string, string>>,
  ) {}

  static async open(): Promise<SmokeBench> {
    const folder = await mkdtemp(join(tmpdir(), 'safeguard-smoke-'));
    const authority = await Authority.found(folder);
    const site = new CampusSite();
    const plain = await site.plain();
    const down = `http://127.0.0.1:${await freePort()}`;
    const at = {
      plain,
      plainAsTls: plain.replace('http:', 'https:'),
      secure: await site.secure(await authority.issue('valid', 20)),
      expired: await site.secure(await authority.issue('expired', -1)),
      selfSigned: await site.secure(await authority.selfSigned('self')),
      otherName: await site.secure(await authority.issue('other', 20, 'DNS:other.test')),
      silent: `http://${await site.silent()}`,
      silentTls: `https://${await site.silent()}`,
      down,
      downTls: down.replace('http:', 'https:'),
      unknown: `http://${NO_NAME}`,
      enforcing: await site.sendingOn(({ url }) => `https://127.0.0.1${url ?? ''}`),
      toStranger: await site.sendingOn(() => 'https://stranger.test/'),
    };
    return new SmokeBench(folder, site, authority, at);
  }

  /** What tests come to, asked of a base of `at` or of any other URL. */
  async results(
    base: string,
    tests: readonly object[],
    changes: Changes = {},
  ): Promise<readonly SmokeResult[]> {
    const { more, ...run } = changes;
    const file = join(this.folder, 'smoke.yaml');
    await writeFile(file, stringify({ ...more, tests }));
    return smoke({
      base: new URL(this.at[base] ?? base),
      tests: loadSmoke(file, {}).tests,
      secrets: {},
      patience: { attempts: 1, intervalMs: 10 },
      timeoutMs: 2_000,
      ca: this.authority.ca,
      signal: new AbortController().signal,
      ...run,
    });
  }

  async close(): Promise<void> {
    await this.site.close();
    await rm(this.folder, { recursive: true });
  }
}

/** A test that asks for a page. */
export function get(url: string, expected: object = {}, more: object = {}): object {
  return { name: 'x', http: { url, expect: expected, ...more } };
}
