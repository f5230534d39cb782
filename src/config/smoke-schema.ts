import { z } from 'zod';
import { SMOKE_LEVELS } from '../domain/smoke.js';
import { duration } from './duration.js';
import { port, secretReference } from './schema-parts.js';

/** Characters of a regular expression: nobody reads a longer one. */
const LONGEST_PATTERN = 500;

const word = z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected a name such as course_id');
const text = z.string();
/** May begin with a placeholder, which is judged once it is filled. */
const address = z.string().regex(/^(\/|https?:\/\/|\{)/, 'expected a path such as /health, or a URL');
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'expected the name of a header');
function isPattern(source: string): boolean {
  try {
    RegExp(source);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const pattern = z
  .string()
  .max(LONGEST_PATTERN)
  .refine(isPattern, 'expected a regular expression of JavaScript');
const pointer = z.string().regex(/^(\/.*)?$/, 'expected a JSON pointer such as /build/version');

const scalar = z.union([text, z.number(), z.boolean(), z.null()]);
const matcher = z
  .union(
    [
      scalar.transform((equals) => ({ equals })),
      z.strictObject({
        equals: scalar.optional(),
        contains: text.optional(),
        matches: pattern.optional(),
        present: z.boolean().optional(),
        min: z.number().optional(),
        max: z.number().optional(),
      }),
    ],
    { error: 'expected a value, or a map of equals, contains, matches, present, min, max' },
  )
  .refine((one) => Object.keys(one).length > 0, 'expected at least one of its keys');

const milliseconds = z
  .string()
  .regex(/^[1-9]\d{0,5}(ms|s)$/, 'expected a time such as 800ms or 2s')
  .transform((span) => (span.endsWith('ms') ? Number(span.slice(0, -2)) : Number(span.slice(0, -1)) * 1000));
const status = z.int().min(100).max(599);

const source = z.union(
  [
    z.strictObject({ json: pointer }),
    z.strictObject({ header: headerName }),
    z.strictObject({
      body: pattern.refine((one) => /\((?!\?)/.test(one), 'expected a group in parentheses'),
    }),
    z.strictObject({ text: z.literal(true) }),
  ],
  { error: 'expected one of json, header, body, text' },
);

const expectation = z.strictObject({
  status: z.union([status.transform((one) => [one]), z.array(status).min(1)]).default([200]),
  headers: z.record(headerName, matcher).default({}),
  body: matcher.optional(),
  json: z.record(pointer, matcher).default({}),
  within: milliseconds.optional(),
});

const http = z
  .strictObject({
    url: address,
    method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    headers: z.record(headerName, text).default({}),
    json: z.unknown().optional(),
    body: text.optional(),
    redirects: z.int().min(0).max(10).default(0),
    expect: expectation.default({ status: [200], headers: {}, json: {} }),
    extract: z.record(word, source).default({}),
  })
  .refine(({ json, body }) => json === undefined || body === undefined, 'expected json or body, not both');

/** Never the secret itself, and no other value either: what stands in the file or on the command line is none. */
const secretPlaceholder = z
  .string()
  .regex(/^\{[a-z][a-z0-9_]*\}$/, 'expected a placeholder such as {password} that secrets has');

const postgres = z.strictObject({
  host: text.min(1),
  port: port.default(5432),
  database: text.min(1),
  user: text.min(1),
  password: secretPlaceholder.optional(),
  tls: z.boolean().default(false),
  /** At least so many. */
  tables: z.int().min(0).optional(),
  schema_version: z
    .string("expected a version in quotes such as '7' or '1.10'")
    .regex(/^(\d+(\.\d+)*|\{[a-z][a-z0-9_]*\})$/, "expected a version in quotes such as '7' or '1.10'")
    .optional(),
});

const redis = z.strictObject({
  host: text.min(1),
  port: port.default(6379),
  password: secretPlaceholder.optional(),
  /** Percent of its `maxmemory` that it must stay below. */
  memory_below: z.int().min(1).max(100).optional(),
});

/** What a test asks. */
const PROBES = {
  http: http.optional(),
  tls: z.strictObject({ url: address.default('/'), days_left: z.int().min(0).default(14) }).optional(),
  https_enforced: z.strictObject({ url: address.default('/') }).optional(),
  cors: z.strictObject({ url: address, origin: text.min(1), allowed: z.boolean().default(true) }).optional(),
  same: z
    .array(z.strictObject({ url: address, at: source }))
    .min(2)
    .optional(),
  service: z.strictObject({ url: address, version: text.optional() }).optional(),
  tcp: z.strictObject({ host: text.min(1), port }).optional(),
  postgres: postgres.optional(),
  redis: redis.optional(),
} as const;
const PROBE_NAMES = Object.keys(PROBES) as (keyof typeof PROBES)[];

const test = z
  .strictObject({
    name: z.string().min(1).max(80),
    level: z.enum(SMOKE_LEVELS).default('essential'),
    severity: z.enum(['critical', 'warning', 'info']).default('critical'),
    ...PROBES,
  })
  .refine(
    (one) => PROBE_NAMES.filter((name) => one[name] !== undefined).length === 1,
    `expected exactly one of ${PROBE_NAMES.join(', ')}`,
  );

const file = z.strictObject({
  /** Longest that one answer may take, and how often a test is tried; the command line goes before both. */
  timeout: duration.default(10),
  retries: z.int().min(0).max(20).default(5),
  interval: duration.default(1),
  /** PEM file of certificates that are trusted, beside this file. */
  ca: text.min(1).optional(),
  vars: z.record(word, z.union([text, z.number()])).default({}),
  secrets: z.record(word, secretReference).default({}),
  tests: z.array(test).min(1).max(500),
});

/** `smoke.yaml`. Unknown keys are refused everywhere. */
export const smokeSchema = file.check(({ value: { tests, secrets }, issues }) => {
  for (const [index, { postgres, redis }] of tests.entries()) {
    const password = (postgres ?? redis)?.password;
    if (password === undefined || Object.hasOwn(secrets, password.slice(1, -1))) continue;
    const path = ['tests', index, postgres ? 'postgres' : 'redis', 'password'];
    issues.push({ code: 'custom', input: password, path, message: `secrets has no ${password}` });
  }
});

export type SmokeFile = z.output<typeof smokeSchema>;
export type SmokeEntry = SmokeFile['tests'][number];
