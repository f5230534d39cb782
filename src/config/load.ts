import { dirname, resolve } from 'node:path';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import type { SmokeLevel } from '../domain/smoke.js';
import type { VersionForm } from '../domain/version.js';
import { isVersion } from '../domain/version.js';
import { absoluteSecret, secretHeadersFrom } from './guarded.js';
import { mergeOver } from './merge.js';
import { readConfigText } from './read-text.js';
import { resolvedOwnChecks } from './own-checks.js';
import type { OwnCheckSection } from './own-checks-schema.js';
import { fillPlaceholders, type Placeholders } from './placeholders.js';
import { assertApprovable } from './approvals.js';
import { effectiveIntentions, effectivePolicy } from './policies.js';
import { policyLines, type PolicyLine } from './policy-keys.js';
import {
  applicationSchema,
  configSchema,
  type ApplicationSection,
  type ConfigFile,
  type EnvironmentSection,
  type SecretReference,
} from './schema.js';
import { ConfigSource, describeIssues } from './source.js';

/** One environment of an application, complete: overrides laid over, placeholders filled, paths absolute. */
export interface EnvironmentConfig extends ApplicationSection {
  readonly application: string;
  readonly name: string;
  readonly versionForm: VersionForm;
  /** With `{version}` in it. */
  readonly releaseDirectory: string;
  /** Empty where they come from an inventory: ask `hostsOf` (src/activities/hosts-of.ts). */
  readonly hosts: readonly HostRef[];
  /** The Ansible inventory that the hosts come from, by its absolute path; `null`: `hosts` has them. */
  readonly inventory: { readonly file: string; readonly group: string } | null;
  readonly ssh: { readonly user: string; readonly key: string; readonly knownHosts: string };
  /** Smoke tests of a deployment; `null`: none. */
  readonly smoke: SmokeConfig | null;
  readonly policy: Policy;
  /** Health checks of the environment's own, placeholders filled, paths absolute. */
  readonly ownChecks: readonly OwnCheckSection[];
  /** The policy's values with the place of each. */
  readonly policyLines: readonly PolicyLine[];
  readonly records: string;
  /** File of who may sign approvals with which key; `null`: none is configured. */
  readonly allowedSigners: string | null;
  /** Where releases come from, and who judges it; `null`: the caller's word is taken. */
  readonly github: GithubConfig | null;
  /** Asked how the runner is; `null`: the runner asks itself. */
  readonly prometheus: PrometheusConfig | null;
}

/** The Prometheus that is asked how the runner is. */
export interface PrometheusConfig {
  readonly url: string;
  /** Label selector of the runner's metrics; `{}`: all. */
  readonly runner: string;
  /** Headers whose values stand elsewhere. */
  readonly secretHeaders: Readonly<Record<string, SecretReference>>;
  /** File of trusted certificates, by its absolute path; `undefined`: the usual ones. */
  readonly ca: string | undefined;
}

/** Which smoke tests a deployment asks, and where. The file is read when it is needed: nobody who aborts a run needs it. */
export interface SmokeConfig {
  /** Absolute path. */
  readonly file: string;
  readonly level: SmokeLevel;
  /** The public way in; `null`: every host itself. */
  readonly url: string | null;
  /** Values of placeholders. */
  readonly vars: Readonly<Record<string, string>>;
}

/** A repository on GitHub or on a GitHub Enterprise server. */
export interface GithubConfig {
  readonly repository: string;
  readonly api: string;
  /** `null`: asked without a login. */
  readonly token: SecretReference | null;
}

/** A bucket for audit trails. */
export interface S3AuditConfig {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  readonly region: string;
  /** `null`: Amazon's own. */
  readonly endpoint: string | null;
  /** `null`: the AWS SDK looks for credentials itself. */
  readonly accessKey: SecretReference | null;
  readonly secretKey: SecretReference | null;
}

/** Where audit trails are kept. */
export type AuditConfig = S3AuditConfig | { readonly kind: 'directory'; readonly directory: string };

/** `safeguard.yaml`, read and judged. */
export interface Config {
  readonly file: string;
  readonly application: string;
  readonly environments: ReadonlyMap<string, EnvironmentConfig>;
  readonly audit: AuditConfig;
}

type Path = readonly PropertyKey[];

function invalid(message: string): SafeguardError {
  return new SafeguardError('CONFIG_INVALID', message);
}

/** A merged value stands in the environment when it overrides there, in the application's own part otherwise. */
function origin(source: ConfigSource, environment: string): (path: Path) => Path {
  const depth = (from: Path, path: Path): number =>
    path.findLastIndex((_key, index) => source.has([...from, ...path.slice(0, index + 1)]));
  return (path) => {
    const own = ['environments', environment];
    const there = depth(own, path);
    return there === path.length - 1 || there > depth([], path) ? [...own, ...path] : path;
  };
}

function placeholdersOf(file: ConfigFile, name: string, { vars }: EnvironmentSection): Placeholders {
  return {
    application: file.application,
    environment: name,
    ...Object.fromEntries(Object.entries(vars).map(([key, value]) => [`vars.${key}`, value])),
  };
}

function applicationPart(
  source: ConfigSource,
  file: ConfigFile,
  name: string,
  section: EnvironmentSection,
): ApplicationSection {
  const merged = mergeOver(
    { components: file.components, migrations: file.migrations, cache: file.cache },
    { components: section.components, migrations: section.migrations },
  );
  const known = placeholdersOf(file, name, section);
  const locate = origin(source, name);
  const filled = fillPlaceholders(merged, known, (path, placeholder) => {
    throw invalid(
      `${source.place(locate(path))} ${path.join('.')}: {${placeholder}} stands for nothing in environment ${name}; known: ${Object.keys(known).join(', ')}, release, version`,
    );
  });
  const parsed = applicationSchema.safeParse(filled);
  if (!parsed.success) throw invalid(`environment ${name}:\n${describeIssues(source, parsed.error, locate)}`);
  return parsed.data;
}

type Component = ApplicationSection['components'][string];

/** Paths in the file are seen from it, wherever a worker was started. */
function withPathsFrom(base: string, application: ApplicationSection): ApplicationSection {
  const absolute = (reference: SecretReference): SecretReference => absoluteSecret(base, reference);
  const withPlaybooks = <C extends Component>(component: C): C => ({
    ...component,
    ...(component.playbook === undefined ? {} : { playbook: resolve(base, component.playbook) }),
    ...(component.undo_playbook === undefined
      ? {}
      : { undo_playbook: resolve(base, component.undo_playbook) }),
  });
  const located = (component: Component): Component => {
    if (component.kind !== 'systemd') return withPlaybooks(component);
    const secrets = Object.entries(component.secrets).map(([key, at]) => [key, absolute(at)] as const);
    return withPlaybooks({ ...component, secrets: Object.fromEntries(secrets) });
  };
  const components = Object.entries(application.components).map(
    ([name, component]) => [name, located(component)] as const,
  );
  const { migrations } = application;
  return {
    ...application,
    components: Object.fromEntries(components),
    ...(migrations ? { migrations: { ...migrations, password: absolute(migrations.password) } } : {}),
  };
}

function assertRoutes(source: ConfigSource, application: ApplicationSection): void {
  for (const [name, component] of Object.entries(application.components)) {
    if (component.kind !== 'static') continue;
    for (const [prefix, target] of Object.entries(component.routes)) {
      if (application.components[target]?.kind === 'systemd') continue;
      throw invalid(
        `${source.place(['components', name, 'routes', prefix])} components.${name}.routes.${prefix}: expected the name of a systemd component, got ${target}`,
      );
    }
  }
}

/** A playbook is Ansible's; one that is named and never carried out would be a mistake that nobody sees. */
function assertPlaybooks(source: ConfigSource, application: ApplicationSection): void {
  for (const [name, component] of Object.entries(application.components)) {
    if (component.transport === 'ansible') continue;
    const key = (['playbook', 'undo_playbook'] as const).find((one) => component[one] !== undefined);
    if (key === undefined) continue;
    const place = source.place(['components', name, key]);
    throw invalid(`${place} components.${name}.${key}: expected transport: ansible beside it`);
  }
}

function assertHosts(source: ConfigSource, name: string, { hosts, inventory }: EnvironmentSection): void {
  if ((hosts === undefined) !== (inventory === undefined)) return;
  const place = source.place(['environments', name]);
  throw invalid(`${place} environments.${name}: expected either hosts or inventory`);
}

function environmentConfig(
  source: ConfigSource,
  file: ConfigFile,
  name: string,
  section: EnvironmentSection,
): EnvironmentConfig {
  const application = applicationPart(source, file, name, section);
  assertRoutes(source, application);
  assertPlaybooks(source, application);
  assertHosts(source, name, section);
  const policy = effectivePolicy(section);
  assertApprovable(source, name, section, policy.approval);
  const base = dirname(source.file);
  return {
    ...withPathsFrom(base, application),
    application: file.application,
    name,
    versionForm: file.release.version,
    releaseDirectory: resolve(base, file.release.directory),
    hosts: Object.entries(section.hosts ?? {}).map(([host, at]) => ({ name: host, ...at })),
    inventory: section.inventory
      ? { file: resolve(base, section.inventory.file), group: section.inventory.group }
      : null,
    ssh: {
      user: section.ssh.user,
      key: resolve(base, section.ssh.key),
      knownHosts: resolve(base, section.ssh.known_hosts),
    },
    smoke: smokeConfig(base, section),
    policy,
    ownChecks: resolvedOwnChecks(
      section.own_checks,
      placeholdersOf(file, name, section),
      base,
      (index, why) => {
        const place = source.place(['environments', name, 'own_checks', index]);
        throw invalid(`${place} environments.${name}.own_checks.${index}: ${why}`);
      },
    ),
    policyLines: policyLines(section.policy, policy, effectiveIntentions(section), (key) => {
      const path = ['environments', name, ...key.split('.')];
      return source.has(path) ? source.place(path) : null;
    }),
    records: resolve(base, file.records),
    allowedSigners: section.approval.allowed_signers ? resolve(base, section.approval.allowed_signers) : null,
    github: githubConfig(base, file),
    prometheus: prometheusConfig(base, file),
  };
}

function smokeConfig(base: string, section: EnvironmentSection): SmokeConfig | null {
  const { file, url = null, vars = {} } = section.smoke;
  if (file === undefined) return null;
  const texts = Object.entries(vars).map(([name, value]) => [name, String(value)] as const);
  const level = effectiveIntentions(section).smoke;
  return { file: resolve(base, file), level, url, vars: Object.fromEntries(texts) };
}

function githubConfig(base: string, { github }: ConfigFile): GithubConfig | null {
  if (!github) return null;
  const { repository, api, token } = github;
  return { repository, api, token: token ? absoluteSecret(base, token) : null };
}

function prometheusConfig(base: string, { prometheus }: ConfigFile): PrometheusConfig | null {
  if (!prometheus) return null;
  const { url, runner, ca } = prometheus;
  const secretHeaders = secretHeadersFrom(base, prometheus);
  return { url, runner, secretHeaders, ca: ca === undefined ? undefined : resolve(base, ca) };
}

function auditConfig(base: string, { audit, records }: ConfigFile): AuditConfig {
  if (audit === undefined) return { kind: 'directory', directory: resolve(base, records, 'audit') };
  if (typeof audit === 'string') return { kind: 'directory', directory: resolve(base, audit) };
  const { bucket, prefix = '', region, endpoint = null, access_key, secret_key } = audit.s3;
  if ((access_key === undefined) !== (secret_key === undefined))
    throw invalid('audit.s3: expected both access_key and secret_key, or neither');
  return {
    kind: 's3',
    bucket,
    prefix,
    region,
    endpoint,
    accessKey: access_key ? absoluteSecret(base, access_key) : null,
    secretKey: secret_key ? absoluteSecret(base, secret_key) : null,
  };
}

/**
 * Reads and judges the text of a `safeguard.yaml`; `file` is its absolute path.
 * @throws SafeguardError CONFIG_INVALID with one line a problem: file, line, column, path, and what was expected
 */
export function parseConfig(file: string, text: string): Config {
  const source = new ConfigSource(file, text);
  const parsed = configSchema.safeParse(source.value());
  if (!parsed.success) throw invalid(describeIssues(source, parsed.error));
  const environments = Object.entries(parsed.data.environments).map(
    ([name, section]) => [name, environmentConfig(source, parsed.data, name, section)] as const,
  );
  const { application } = parsed.data;
  const audit = auditConfig(dirname(file), parsed.data);
  return { file, application, environments: new Map(environments), audit };
}

/**
 * Reads `safeguard.yaml`.
 * @throws SafeguardError CONFIG_INVALID
 */
export function loadConfig(path: string): Config {
  const file = resolve(path);
  return parseConfig(file, readConfigText(file, 'safeguard.yaml'));
}

/**
 * One environment of a configuration.
 * @throws SafeguardError ENVIRONMENT_UNKNOWN
 */
export function environmentOf(config: Config, name: string): EnvironmentConfig {
  const environment = config.environments.get(name);
  if (environment) return environment;
  const known = [...config.environments.keys()].join(', ');
  throw new SafeguardError(
    'ENVIRONMENT_UNKNOWN',
    `${config.file} has no environment ${JSON.stringify(name.slice(0, 60))}; it has: ${known}.`,
  );
}

/**
 * Refuses a version that is not of the environment's form, before it reaches a path or a workflow id.
 * @throws SafeguardError VERSION_INVALID
 */
export function assertVersion(environment: EnvironmentConfig, version: string): void {
  if (isVersion(version, environment.versionForm)) return;
  const shown = JSON.stringify(version.slice(0, 60));
  throw new SafeguardError(
    'VERSION_INVALID',
    `${shown} is not a version of the form "${environment.versionForm}".`,
  );
}
