import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SafeguardError } from '../domain/errors.js';
import { isOfLevel, type SmokeLevel, type SmokeProbe, type SmokeTest } from '../domain/smoke.js';
import { absoluteSecret } from './guarded.js';
import { fillPlaceholders, placeholdersIn, type Placeholders } from './placeholders.js';
import { describeIssues } from './problems.js';
import { readConfigText } from './read-text.js';
import type { SecretReference } from './schema.js';
import { smokeSchema, type SmokeEntry } from './smoke-schema.js';
import { ConfigSource } from './source.js';

/** Smoke tests, read and judged. */
export interface SmokeSuite {
  readonly timeoutSeconds: number;
  readonly retries: number;
  readonly intervalSeconds: number;
  /** File of trusted certificates, by its absolute path. */
  readonly ca: string | null;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  readonly tests: readonly SmokeTest[];
}

/** What is asked where no file says anything. */
export const BUILT_IN: SmokeSuite = {
  timeoutSeconds: 10,
  retries: 5,
  intervalSeconds: 1,
  ca: null,
  secrets: {},
  tests: [
    {
      name: 'home page answers',
      level: 'essential',
      severity: 'critical',
      probe: {
        kind: 'http',
        request: { url: '/', method: 'GET', headers: {}, redirects: 5 },
        expect: { status: [200], headers: {}, json: {} },
        extract: {},
      },
      after: [],
    },
  ],
};

/** What a test asks, as it stands in the file. */
function probeOf(entry: SmokeEntry): SmokeProbe {
  const { http, tls, https_enforced: enforced, cors, same, service, tcp, postgres, redis } = entry;
  if (http) {
    const { expect, extract, json, body, ...request } = http;
    const { within, ...rest } = expect;
    const sent = { ...(body === undefined ? {} : { body }), ...(json === undefined ? {} : { json }) };
    return {
      kind: 'http',
      request: { ...request, ...sent },
      expect: { ...rest, ...(within === undefined ? {} : { withinMs: within }) } as Extract<
        SmokeProbe,
        { kind: 'http' }
      >['expect'],
      extract,
    };
  }
  if (tls) return { kind: 'tls', url: tls.url, daysLeft: tls.days_left };
  if (enforced) return { kind: 'https-enforced', url: enforced.url };
  if (cors) return { kind: 'cors', ...cors };
  if (same) return { kind: 'same', of: same };
  if (service) {
    const { url, version } = service;
    return { kind: 'service', url, ...(version === undefined ? {} : { version }) };
  }
  if (tcp) return { kind: 'tcp', ...tcp };
  if (postgres) {
    const { schema_version: schemaVersion, ...place } = postgres;
    return { kind: 'postgres', ...place, schemaVersion };
  }
  if (redis) {
    const { memory_below: memoryBelow, ...place } = redis;
    return { kind: 'redis', ...place, memoryBelow };
  }
  throw new SafeguardError('INTERNAL', `The test ${entry.name} asks nothing.`);
}

function extracted(probe: SmokeProbe): string[] {
  return probe.kind === 'http' ? Object.keys(probe.extract) : [];
}

/** The placeholders of a test that can be filled now are; the others are values of the tests before it. */
function testsOf(
  source: ConfigSource,
  entries: readonly SmokeEntry[],
  known: Placeholders,
  secrets: readonly string[],
): SmokeTest[] {
  const giver = new Map<string, string>();
  const names = new Set<string>();
  const wrong: string[] = [];
  const tests = entries.map((entry, index): SmokeTest => {
    const at = source.place(['tests', index]);
    const { name, level, severity } = entry;
    if (names.has(name))
      wrong.push(`${at} tests.${index}: another test is called ${JSON.stringify(name)} too`);
    names.add(name);
    const probe = fillPlaceholders(probeOf(entry), known, () => undefined) as SmokeProbe;
    const used = placeholdersIn(probe).filter((one) => !secrets.includes(one));
    for (const one of used)
      if (!giver.has(one))
        wrong.push(
          `${at} tests.${index}: nothing before it gives {${one}} (vars, secrets, or extract of a test)`,
        );
    const after = [...new Set(used.flatMap((one) => giver.get(one) ?? []))];
    for (const one of extracted(probe)) {
      if (giver.has(one) || secrets.includes(one) || Object.hasOwn(known, one))
        wrong.push(`${at} tests.${index}: {${one}} has a value already`);
      giver.set(one, name);
    }
    return { name, level, severity, probe, after };
  });
  if (wrong.length > 0) throw new SafeguardError('CONFIG_INVALID', wrong.join('\n'));
  return tests;
}

function asTexts(vars: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]));
}

/**
 * Reads `smoke.yaml`. `given`: values of placeholders from the command line, before those of the file.
 * @throws SafeguardError CONFIG_INVALID with a line for each problem
 */
export function loadSmoke(file: string, given: Readonly<Record<string, string>>): SmokeSuite {
  return parseSmoke(file, readConfigText(file, 'smoke.yaml'), given);
}

/** As {@link loadSmoke}, of a text that was read already; `file` is its absolute path. */
export function parseSmoke(
  file: string,
  content: string,
  given: Readonly<Record<string, string>>,
): SmokeSuite {
  const source = new ConfigSource(file, content);
  const parsed = smokeSchema.safeParse(source.value());
  if (!parsed.success) throw new SafeguardError('CONFIG_INVALID', describeIssues(source, parsed.error));
  const { timeout, retries, interval, ca, vars, secrets, tests } = parsed.data;
  return {
    timeoutSeconds: timeout,
    retries,
    intervalSeconds: interval,
    ca: ca === undefined ? null : resolve(dirname(file), ca),
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([name, at]) => [name, absoluteSecret(dirname(file), at)]),
    ),
    tests: testsOf(source, tests, { ...asTexts(vars), ...given }, Object.keys(secrets)),
  };
}

/**
 * The tests of a level. What a level leaves out is not asked, so nothing can take a value from it.
 * @throws SafeguardError CONFIG_INVALID
 */
export function testsOfLevel({ tests }: SmokeSuite, level: SmokeLevel): SmokeTest[] {
  const asked = tests.filter((test) => isOfLevel(test.level, level));
  const names = new Set(asked.map(({ name }) => name));
  for (const { name, after } of asked)
    for (const giver of after)
      if (!names.has(giver))
        throw new SafeguardError(
          'CONFIG_INVALID',
          `The test "${name}" takes a value from "${giver}", which is of a higher level and not asked at ${level}.`,
        );
  if (asked.length > 0) return asked;
  throw new SafeguardError('CONFIG_INVALID', `No test is of level ${level}.`);
}

/**
 * The certificates that a suite trusts; undefined: those that Node.js trusts.
 * @throws SafeguardError CONFIG_INVALID
 */
export function trustedOf({ ca }: SmokeSuite): string | undefined {
  if (ca === null) return undefined;
  try {
    return readFileSync(ca, 'utf8');
  } catch (cause) {
    throw new SafeguardError('CONFIG_INVALID', `ca ${ca} can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
