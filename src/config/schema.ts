import { z } from 'zod';
import { PREFLIGHT_LEVELS } from '../domain/preflight.js';
import { duration, durationOrNone } from './duration.js';
import { guarded } from './guarded.js';
import { ownCheck } from './own-checks-schema.js';
import { line, name, port, secretReference, urlPath, variable } from './schema-parts.js';
import { windowsSection } from './windows.js';

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected a file name without folders');
const variableName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected a name such as database_host');

/** How a component is brought to its hosts. */
const transport = {
  transport: z.enum(['ssh', 'ansible']).default('ssh'),
  /** A team's own playbook, carried out instead of safeguard's when the component is activated. */
  playbook: line.min(1).optional(),
  /** Carried out on each host that goes back to another release, once that serves. */
  undo_playbook: line.min(1).optional(),
};

const systemd = z.strictObject({
  kind: z.literal('systemd'),
  ...transport,
  artifact: fileName,
  exec: z.array(line).min(1),
  user: name,
  port,
  environment: z.record(variable, line).default({}),
  secrets: z.record(variable, secretReference).default({}),
  stop_timeout: duration.default(30),
  ready_timeout: duration.default(120),
  unit: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,60}\.service$/, 'expected a unit name such as campus-backend.service')
    .optional(),
  health: z.strictObject({
    /** Answers 200 with {"status": "UP"}. */
    path: urlPath,
    /** Further paths that must answer 200. */
    api: z.array(urlPath).default([]),
    version: z.strictObject({ path: urlPath, pointer: z.string().startsWith('/') }),
    /** JSON pointers into the health answer that must say UP. */
    up: z.array(z.string().startsWith('/')).default([]),
  }),
});

const staticSite = z.strictObject({
  kind: z.literal('static'),
  ...transport,
  artifact: fileName,
  listen: port.default(80),
  server_name: z
    .string()
    .regex(/^[A-Za-z0-9._*-]+$/)
    .default('_'),
  /** Path prefix → component that answers it. */
  routes: z
    .record(z.string().regex(/^\/([A-Za-z0-9._~-]+\/)*$/, 'expected a prefix such as /api/'), name)
    .default({}),
  assets: z
    .string()
    .regex(/^\/([A-Za-z0-9._~-]+\/)+$/)
    .optional(),
  pages: z.array(urlPath).default(['/']),
  /** File whose whole content is the version. */
  version: urlPath.default('/version.txt'),
  /** Paths answered through a route, asked through nginx. */
  proxied: z.array(urlPath).default([]),
  ready_timeout: duration.default(30),
});

const migrations = z.strictObject({
  provider: z.literal('flyway'),
  directory: fileName.default('migrations'),
  url: line.regex(/^jdbc:postgresql:\/\//, 'expected jdbc:postgresql://host[:port]/database'),
  user: line,
  password: secretReference,
  minimum_tables: z.int().min(0).default(0),
  timeout: duration.default(600),
});

/** Said of a wrong or missing `kind`, and of what is no map at all. */
const KIND = 'expected a map with kind: systemd or kind: static';

const overrides = z.record(z.string(), z.unknown());

/** One environment as the file has it. */
export const environmentSection = z.strictObject({
  policy: z.enum(['dev', 'uat', 'production']).default('dev'),
  hosts: z
    .record(
      name,
      z.union(
        [
          line.min(1).transform((address) => ({ address, port: 22 })),
          z.strictObject({
            address: line.min(1, 'expected a name or an IP address'),
            port: port.default(22),
          }),
        ],
        { error: 'expected an address such as 192.0.2.11, or {address: 192.0.2.11, port: 22}' },
      ),
    )
    .refine((hosts) => Object.keys(hosts).length > 0, 'expected at least one host')
    .optional(),
  /** In place of `hosts`: an Ansible inventory, read anew by each run. */
  inventory: z.strictObject({ file: line.min(1), group: line.min(1).default('all') }).optional(),
  ssh: z.strictObject({ user: name, key: line, known_hosts: line }),
  vars: z
    .record(variableName, z.union([line, z.number()], { error: 'expected a text or a number' }))
    .default({}),
  /** Laid over the application's own `components` and `migrations`, key by key. */
  components: overrides.optional(),
  migrations: overrides.optional(),
  approval: z
    .strictObject({
      required: z.boolean().optional(),
      timeout: duration.optional(),
      four_eyes: z.boolean().optional(),
      count: z.int().min(1).max(20).optional(),
      groups: z
        .record(
          name,
          z.strictObject({ members: z.array(line.min(1)).min(1), count: z.int().min(1).max(20).default(1) }),
        )
        .optional(),
      valid_for: duration.optional(),
      signatures: z.enum(['required', 'optional']).optional(),
      /** File of OpenSSH's form: who may sign with which key. */
      allowed_signers: line.optional(),
    })
    .default({}),
  queue: z.strictObject({ max_wait: duration.optional(), supersede: z.boolean().optional() }).default({}),
  windows: windowsSection,
  /** Where a release has to come from; judged where `github` is configured. */
  release_checks: z
    .strictObject({
      tag: line.nullable().optional(),
      branches: z.array(line.min(1)).min(1).nullable().optional(),
      checks: z
        .union([z.literal('required'), z.array(line.min(1)).min(1)])
        .nullable()
        .optional(),
    })
    .default({}),
  retries: z
    .strictObject({ tries: z.int().min(1).max(10).optional(), delay: duration.optional() })
    .default({}),
  limits: z
    .strictObject({
      step: duration.optional(),
      run: duration.optional(),
      /** How long the way back is tried before it is called PARTIAL. */
      rollback: duration.optional(),
      /** Pause before the way back tries again; it grows from there. */
      rollback_delay: duration.optional(),
      /** How long a restored release is given before it is judged. */
      stabilise: duration.optional(),
      /** How long a host serves what is not committed without hearing from the run. */
      lease: duration.optional(),
    })
    .default({}),
  forensics: z
    .strictObject({ enabled: z.boolean().optional(), limit: duration.optional(), logs: duration.optional() })
    .default({}),
  checks: z
    .strictObject({
      attempts: z.int().min(1).max(20).optional(),
      page_attempts: z.int().min(1).max(20).optional(),
      interval: duration.optional(),
      timeout: duration.optional(),
      phase: duration.optional(),
      /** An answer that takes longer is remarked on, in milliseconds. */
      slow_ms: z.int().min(1).max(60_000).optional(),
      /** How long a release that passed has to go on passing. */
      stabilise: durationOrNone.optional(),
    })
    .default({}),
  /** In addition to those that follow from the rest of the file. */
  own_checks: z.array(ownCheck).max(100).default([]),
  /** Smoke tests between the health checks and the vote; none where no `file` is named. */
  smoke: z
    .strictObject({
      set: z.enum(['essential', 'full', 'extended']).optional(),
      file: line.min(1).optional(),
      url: line.regex(/^https?:\/\/[^@/?#]+(\/[^@?#]*)?$/, 'expected a URL without a login').optional(),
      vars: z.record(variableName, z.union([line, z.number()])).optional(),
    })
    .refine(
      ({ file, url, vars }) => file !== undefined || (url === undefined && vars === undefined),
      'expected file beside url and vars',
    )
    .default({}),
  keep_releases: z.int().min(2).max(50).optional(),
  /** How much is looked at before the first change. */
  preflight: z.strictObject({ level: z.enum(PREFLIGHT_LEVELS).optional() }).default({}),
  /** From here on: part of every policy (spec S20), but not carried out by this version. */
  backup: z.strictObject({ mode: z.enum(['optional', 'always', 'verified']).optional() }).default({}),
  incidents: z
    .strictObject({ channels: z.array(z.enum(['github', 'slack', 'pagerduty', 'jira'])).optional() })
    .default({}),
});

/** The components and migrations of an application, as one environment sees them. */
export const applicationSchema = z.strictObject({
  components: z
    .record(name, z.discriminatedUnion('kind', [systemd, staticSite], { error: KIND }))
    .refine((components) => Object.keys(components).length > 0, 'expected at least one component'),
  migrations: migrations.optional(),
  cache: z.strictObject({ host: line, port: port.default(6379) }).optional(),
});

/** `safeguard.yaml`. Unknown keys are refused everywhere. */
export const configSchema = z.strictObject({
  application: name,
  release: z.strictObject({ directory: line, version: z.enum(['semver', 'tag']).default('semver') }),
  components: z.record(name, z.unknown()),
  migrations: z.unknown().optional(),
  cache: z.unknown().optional(),
  environments: z.record(name, environmentSection),
  github: z
    .strictObject({
      repository: line.regex(/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/, 'expected owner/name'),
      /** GitHub Enterprise has its own: `https://github.example.com/api/v3`. */
      api: line.regex(/^https?:\/\//, 'expected a URL').default('https://api.github.com'),
      token: secretReference.optional(),
    })
    .optional(),
  /** Asked how the runner is, before a deployment (spec S3, S19). */
  prometheus: z
    .strictObject({
      url: line
        .refine((url) => /^https?:/.test(url) && URL.canParse(url), 'expected a URL')
        .refine(
          (url) => !URL.canParse(url) || new URL(url).username === '',
          'expected a URL without a login; secret_headers names where one is found',
        ),
      /** Label selector of this runner's metrics: `{instance="ci-1:9100"}`. */
      runner: line.regex(/^\{.*\}$/, 'expected a selector such as {instance="ci-1:9100"}').default('{}'),
      ...guarded,
    })
    .optional(),
  /** Where the audit trail is kept: a directory (default: `audit` below `records`), or a bucket. */
  audit: z
    .union(
      [
        line.min(1),
        z.strictObject({
          s3: z
            .strictObject({
              bucket: line.min(1),
              prefix: line.regex(/^[^/].*[^/]$|^[^/]$/, 'expected a prefix without / at its ends').optional(),
              region: line.default('us-east-1'),
              /** Of a store that is not Amazon's; asked by path. */
              endpoint: line.regex(/^https?:\/\//, 'expected a URL').optional(),
              /** Left out: as the AWS SDK finds them, from the environment, its files, or the machine's role. */
              access_key: secretReference.optional(),
              secret_key: secretReference.optional(),
            })
            .refine(
              ({ access_key, secret_key }) => (access_key === undefined) === (secret_key === undefined),
              'expected both access_key and secret_key, or neither',
            ),
        }),
      ],
      { error: 'expected a directory, or {s3: {bucket: …}}' },
    )
    .optional(),
  /** Where runs' records and incident markers are kept, on the runner. */
  records: line.default('/var/lib/safeguard/records'),
});

export type SecretReference = z.output<typeof secretReference>;
export type ConfigFile = z.output<typeof configSchema>;
export type EnvironmentSection = z.output<typeof environmentSection>;
export type ApplicationSection = z.output<typeof applicationSchema>;
export type SystemdSection = z.output<typeof systemd>;
export type StaticSection = z.output<typeof staticSite>;
export type MigrationsSection = z.output<typeof migrations>;
