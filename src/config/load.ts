import { dirname, resolve } from 'node:path';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import type { SmokeLevel } from '../domain/smoke.js';
import type { VersionForm } from '../domain/version.js';
import { isVersion } from '../domain/version.js';
import { approvalProblems } from './approvals.js';
import { judgedApplication, placeholdersOf, withPathsFrom } from './application.js';
import { absoluteSecret, secretHeadersFrom } from './guarded.js';
import { isMap, mapOf } from './merge.js';
import { readConfigText } from './read-text.js';
import { resolvedOwnChecks } from './own-checks.js';
import type { OwnCheckSection } from './own-checks-schema.js';
import { effectiveIntentions, effectivePolicy } from './policies.js';
import { policyLines, type PolicyLine } from './policy-keys.js';
import { Problems, problemsOf, type Problem } from './problems.js';
import {
  configSchema,
  environmentSection,
  type ApplicationSection,
  type ConfigFile,
  type EnvironmentSection,
  type SecretReference,
} from './schema.js';
import { ConfigSource } from './source.js';

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

/** What is wrong with an environment beside its components; `raw` is what the file has there. */
function environmentProblems(application: string, name: string, raw: unknown): Problem[] {
  const path = ['environments', name];
  const hosts =
    isMap(raw) && Object.hasOwn(raw, 'hosts') === Object.hasOwn(raw, 'inventory')
      ? [{ path, text: 'expected either hosts or inventory' }]
      : [];
  const parsed = environmentSection.safeParse(raw);
  if (!parsed.success) return hosts;
  const checks: Problem[] = [];
  const known = placeholdersOf(application, name, parsed.data);
  resolvedOwnChecks(parsed.data.own_checks, known, '/', (index, text) => {
    checks.push({ path: [...path, 'own_checks', index], text });
  });
  return [...hosts, ...approvalProblems(name, parsed.data, effectivePolicy(parsed.data).approval), ...checks];
}

function environmentConfig(
  source: ConfigSource,
  file: ConfigFile,
  name: string,
  section: EnvironmentSection,
  application: ApplicationSection,
): EnvironmentConfig {
  const policy = effectivePolicy(section);
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
      placeholdersOf(file.application, name, section),
      base,
      () => undefined,
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
  const value = source.value();
  const problems = new Problems(source);
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) problems.add(problemsOf(parsed.error));
  const applications = judgedApplications(value, problems);
  if (!parsed.success || problems.areThere) throw problems.asError();
  const environments = Object.entries(parsed.data.environments).flatMap(([name, section]) => {
    const judged = applications.get(name);
    return judged ? [[name, environmentConfig(source, parsed.data, name, section, judged)] as const] : [];
  });
  const { application } = parsed.data;
  const audit = auditConfig(dirname(file), parsed.data);
  return { file, application, environments: new Map(environments), audit };
}

/** The application of each environment; what is wrong is added to `problems`, also where the rest of the file is wrong. */
function judgedApplications(value: unknown, problems: Problems): Map<string, ApplicationSection> {
  const found = new Map<string, ApplicationSection>();
  const file = mapOf(value);
  // A wrong name is told once, and not again wherever {application} stands.
  const application = configSchema.shape.application.catch('application').parse(file['application']);
  for (const [name, raw] of Object.entries(mapOf(file['environments']))) {
    const judged = judgedApplication(value, application, name, raw);
    if (judged) problems.addOf(name, judged.problems);
    if (judged?.application) found.set(name, judged.application);
    problems.add(environmentProblems(application, name, raw));
  }
  return found;
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
