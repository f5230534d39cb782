import type { Check } from '../domain/check.js';
import type { SchemaManifest } from '../domain/manifest.js';
import type { ReleaseComponent } from '../domain/release.js';
import type { EnvironmentConfig } from './load.js';
import { ownCheckOf } from './own-checks.js';
import type { StaticSection, SystemdSection } from './schema.js';

const MAX_RESTARTS = 2;
const RESTARTS_WITHIN_SECONDS = 5 * 60;
const DISK_LIMIT = 90;
const MEMORY_LIMIT = 95;
const MEMORY_WARNING = 80;
const LOAD_WARNING = 2;

function backendChecks(
  name: string,
  section: SystemdSection,
  unit: string,
  version: string,
  attempts: number,
): Check[] {
  const { port, health } = section;
  const http = {
    kind: 'http',
    category: 'backend',
    severity: 'critical',
    attempts,
    port,
    status: 200,
  } as const;
  const up = health.up.map((pointer): Check => ({
    ...http,
    name: `${name} ${pointer} is UP`,
    path: health.path,
    json: { pointer, equals: 'UP' },
  }));
  const api = health.api.map((path): Check => ({ ...http, name: `${name} ${path} answers`, path }));
  return [
    { ...http, name: `${name} is UP`, path: health.path, json: { pointer: '/status', equals: 'UP' } },
    {
      ...http,
      name: `${name} serves ${version}`,
      path: health.version.path,
      json: { pointer: health.version.pointer, equals: version },
    },
    ...up,
    ...api,
    {
      name: `${unit} runs steadily`,
      category: 'services',
      severity: 'critical',
      attempts: 1,
      kind: 'systemd',
      unit,
      maxRestarts: MAX_RESTARTS,
      withinSeconds: RESTARTS_WITHIN_SECONDS,
    },
  ];
}

function siteChecks(
  name: string,
  section: StaticSection,
  version: string,
  attempts: number,
  pageAttempts: number,
): Check[] {
  const http = { kind: 'http', severity: 'critical', port: section.listen, status: 200 } as const;
  return [
    {
      ...http,
      name: `${name} serves ${version}`,
      category: 'frontend',
      attempts,
      path: section.version,
      text: version,
    },
    ...section.pages.map((path): Check => ({
      ...http,
      name: `page ${path}`,
      category: 'frontend',
      attempts: pageAttempts,
      path,
    })),
    ...section.proxied.map((path): Check => ({
      ...http,
      name: `nginx passes ${path} on`,
      category: 'proxy',
      attempts,
      path,
    })),
    {
      name: 'nginx runs',
      category: 'services',
      severity: 'critical',
      attempts,
      kind: 'systemd',
      unit: 'nginx.service',
      maxRestarts: MAX_RESTARTS,
      withinSeconds: RESTARTS_WITHIN_SECONDS,
    },
  ];
}

const SYSTEM_CHECKS: readonly Check[] = [
  { name: 'disk', category: 'system', severity: 'critical', attempts: 1, kind: 'disk', limit: DISK_LIMIT },
  {
    name: 'memory',
    category: 'system',
    severity: 'critical',
    attempts: 1,
    kind: 'memory',
    limit: MEMORY_LIMIT,
  },
  {
    name: 'memory is getting short',
    category: 'system',
    severity: 'warning',
    attempts: 1,
    kind: 'memory',
    limit: MEMORY_WARNING,
  },
  { name: 'load', category: 'system', severity: 'warning', attempts: 1, kind: 'load', limit: LOAD_WARNING },
];

function databaseChecks(schema: SchemaManifest, minimumTables: number, attempts: number): Check[] {
  const { min, max } = schema.tolerates;
  const base = {
    category: 'database',
    severity: 'critical',
    attempts,
    kind: 'database',
    tolerates: schema.tolerates,
    minimumTables,
  } as const;
  return [
    { ...base, name: 'database answers', aspect: 'reachable' },
    { ...base, name: min === max ? `schema is ${min}` : `schema is ${min} to ${max}`, aspect: 'schema' },
    { ...base, name: `at least ${minimumTables} tables`, aspect: 'tables' },
  ];
}

function cacheChecks(cache: NonNullable<EnvironmentConfig['cache']>, attempts: number): Check[] {
  const base = { category: 'cache', attempts, kind: 'redis', ...cache } as const;
  return [
    { ...base, name: 'cache answers', severity: 'critical', aspect: 'ping' },
    { ...base, name: 'cache has memory left', severity: 'warning', aspect: 'memory' },
    { ...base, name: 'cache hits and misses', severity: 'info', aspect: 'statistics' },
  ];
}

/** The name of the unit that runs a component. */
export function unitName(environment: EnvironmentConfig, name: string, section: SystemdSection): string {
  return section.unit ?? `${environment.application}-${environment.name}-${name}.service`;
}

/** The checks of spec S10 for one release, from the environment's configuration; components may be of different versions. */
export function releaseChecks(
  environment: EnvironmentConfig,
  versionOf: (component: string) => string,
  schema: SchemaManifest | null,
): Check[] {
  const { attempts, pageAttempts } = environment.policy.checks;
  const components = Object.entries(environment.components).flatMap(([name, section]) =>
    section.kind === 'systemd'
      ? backendChecks(name, section, unitName(environment, name, section), versionOf(name), attempts)
      : siteChecks(name, section, versionOf(name), attempts, pageAttempts),
  );
  const database: Check[] =
    environment.migrations === undefined || schema === null
      ? []
      : databaseChecks(schema, environment.migrations.minimum_tables, attempts);
  const cache: Check[] = environment.cache === undefined ? [] : cacheChecks(environment.cache, attempts);
  const own = environment.ownChecks.map((section) => ownCheckOf(section, attempts));
  return [...components, ...database, ...cache, ...SYSTEM_CHECKS, ...own];
}

/** The components of a release in the order they are put in place, and how each shows that it is ready. */
export function releaseComponents(environment: EnvironmentConfig): ReleaseComponent[] {
  return Object.entries(environment.components).map(([name, section]) => ({
    name,
    kind: section.kind,
    unit: section.kind === 'systemd' ? unitName(environment, name, section) : 'nginx.service',
    ready:
      section.kind === 'systemd'
        ? { port: section.port, path: section.health.path, timeoutSeconds: section.ready_timeout }
        : { port: section.listen, path: section.version, timeoutSeconds: section.ready_timeout },
  }));
}
