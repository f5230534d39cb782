import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { checkoutRoot } from '../../setup/checkout.js';

/** Where the campus application is to be deployed, instead of where its own `safeguard.yaml` says. */
export interface Place {
  readonly hosts: Readonly<Record<string, string>>;
  readonly ssh: { readonly user: string; readonly key: string; readonly known_hosts: string };
  readonly databaseHost: string;
  /** `{version}` stands for the version. */
  readonly releases: string;
  readonly records: string;
  /** Laid over the environment's own section: `approval`, `retries`, `limits`, `checks`, `keep_releases`. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly backend?: 'java' | 'python';
  /** Laid over both components: `transport`, `playbook`, `undo_playbook`. */
  readonly carriedOut?: Readonly<Record<string, string>>;
  /** In place of `hosts`. */
  readonly inventory?: Readonly<Record<string, string>>;
  /** Seconds that a component may take to become ready, as `60s`. */
  readonly readyTimeout?: string;
}

interface Section {
  components?: Record<string, Record<string, unknown>>;
}

const PYTHON = ['/usr/bin/python3', '{release}/campus.py'];

/** The text of campus' `safeguard.yaml` with one of its environments put in another place. */
export function campusConfig(environment: 'production' | 'staging', place: Place): string {
  const file = join(checkoutRoot(), 'examples', 'campus', 'safeguard.yaml');
  const config = parse(readFileSync(file, 'utf8')) as { environments: Record<string, Section> };
  const own = config.environments[environment] ?? {};
  const backend = {
    ...own.components?.['backend'],
    ...place.carriedOut,
    ...(place.backend === 'python' ? { exec: PYTHON } : {}),
    ...(place.readyTimeout === undefined ? {} : { ready_timeout: place.readyTimeout }),
  };
  const section = {
    ...own,
    ...place.policy,
    components: {
      ...own.components,
      backend,
      frontend: { ...own.components?.['frontend'], ...place.carriedOut },
    },
    ...(place.inventory === undefined
      ? { hosts: place.hosts }
      : { hosts: undefined, inventory: place.inventory }),
    ssh: place.ssh,
    vars: { database_host: place.databaseHost, redis_host: place.databaseHost },
  };
  return stringify({
    ...config,
    release: { directory: place.releases },
    records: place.records,
    environments: { [environment]: section },
  });
}
