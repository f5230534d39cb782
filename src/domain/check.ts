/** Categories of spec S10. */
export type CheckCategory =
  'backend' | 'frontend' | 'database' | 'cache' | 'external' | 'system' | 'proxy' | 'services';

/** `critical`: the release is taken back; `warning`: said in the record; `info`: kept as evidence. */
export type Severity = 'critical' | 'warning' | 'info';

interface CheckBase {
  /** Unique within a release; for people. */
  readonly name: string;
  readonly category: CheckCategory;
  readonly severity: Severity;
  /** Attempts in all, 5 s (policy) apart. */
  readonly attempts: number;
}

/** GET of a path on a port of each host, through its SSH connection. */
export interface HttpCheck extends CheckBase {
  readonly kind: 'http';
  readonly port: number;
  readonly path: string;
  readonly status: number;
  /** JSON pointer into the body, and the text that must stand there. */
  readonly json?: { readonly pointer: string; readonly equals?: string };
  /** The whole body, white space at the ends cut off. */
  readonly text?: string;
}

/** The unit is active and was not restarted more than twice. */
export interface SystemdCheck extends CheckBase {
  readonly kind: 'systemd';
  readonly unit: string;
  readonly maxRestarts: number;
}

/** Disk, memory and load of each host; limits are percent, and load per core. */
export interface SystemCheck extends CheckBase {
  readonly kind: 'disk' | 'memory' | 'load';
  readonly limit: number;
}

/** What of the database is asked. Connection data comes from the worker's configuration. */
export interface DatabaseCheck extends CheckBase {
  readonly kind: 'database';
  /** It answers; its schema's version is in the range; it has enough tables. Left out, as earlier versions did: all of it. */
  readonly aspect?: 'reachable' | 'schema' | 'tables';
  readonly tolerates: { readonly min: string; readonly max: string };
  readonly minimumTables: number;
}

/** What of Redis is asked. */
export interface CacheCheck extends CheckBase {
  readonly kind: 'redis';
  /** It answers PING (left out: the same); its memory is below 90 % of its limit; hits and misses, for the record. */
  readonly aspect?: 'ping' | 'memory' | 'statistics';
  readonly host: string;
  readonly port: number;
}

export type Check = HttpCheck | SystemdCheck | SystemCheck | DatabaseCheck | CacheCheck;

/** True for checks that run once for each host; the others run once for the environment. */
export function isPerHost(check: Check): boolean {
  return check.kind !== 'database' && check.kind !== 'redis';
}

/**
 * What a look says of what it looks at. `unknown`: it could not be carried out (no connection, no such name, a refused login), so that
 * nothing is known; it counts as a failure where a failure counts.
 */
export type Verdict = 'pass' | 'fail' | 'unknown';

/** What one look came to. */
export interface Observation {
  readonly verdict: Verdict;
  /** What was seen, in a phrase; no secrets. */
  readonly evidence: string;
  /** How long the answer took, in milliseconds, where one was asked for. */
  readonly responseMs?: number;
  /** Of an answer that is not as it has to be; kept beside the record only. */
  readonly body?: string;
}

/** It is as it has to be. */
export function pass(evidence: string, responseMs?: number): Observation {
  return { verdict: 'pass', evidence, ...(responseMs === undefined ? {} : { responseMs }) };
}

/** It was looked at, and is not as it has to be. */
export function fail(evidence: string, body?: string): Observation {
  return { verdict: 'fail', evidence, ...(body === undefined ? {} : { body }) };
}

/** It could not be looked at. */
export function unknown(evidence: string): Observation {
  return { verdict: 'unknown', evidence };
}

/** What one check came to, with its evidence. */
export interface CheckResult {
  readonly name: string;
  readonly category: CheckCategory;
  readonly severity: Severity;
  /** Host name, or `environment`. */
  readonly target: string;
  readonly verdict: Verdict;
  readonly attempts: number;
  readonly durationMs: number;
  /** What was seen, at most 300 characters, no secrets. */
  readonly evidence: string;
  /** How long the last answer took, in milliseconds, where one was asked for. */
  readonly responseMs?: number;
  /** See `Observation`; at most 4,096 characters, no secrets. */
  readonly body?: string;
}

/** What is told elsewhere than beside the record. */
export function withoutBody<T extends { readonly body?: string }>(result: T): T {
  const rest: { body?: string } & T = { ...result };
  delete rest.body;
  return rest;
}

/** A warning for each check that passed, but took longer than `slowMs` (spec S10). */
export function slowOnes(results: readonly CheckResult[], slowMs: number): CheckResult[] {
  return results.flatMap((result) => {
    const { name, verdict, responseMs = 0 } = result;
    if (verdict !== 'pass' || responseMs <= slowMs) return [];
    const evidence = `took ${responseMs} ms, expected at most ${slowMs} ms`;
    return [
      {
        ...result,
        name: `${name} in time`,
        severity: 'warning' as const,
        verdict: 'fail' as const,
        evidence,
      },
    ];
  });
}

/** What all checks together came to. */
export interface HealthReport {
  readonly healthy: boolean;
  readonly durationMs: number;
  /** Number of checks that passed. */
  readonly passed: number;
  /** What did not pass, warnings included; the passed ones are in the run's record. */
  readonly failed: readonly CheckResult[];
  /** File on the runner that has what failed with the bodies of the answers; only of a release that is to be taken back. */
  readonly kept?: string;
}

/** Healthy means that no critical check failed (spec S10). */
export function summarize(results: readonly CheckResult[], durationMs: number): HealthReport {
  const failed = results.filter((result) => result.verdict !== 'pass');
  return {
    healthy: failed.every((result) => result.severity !== 'critical'),
    durationMs,
    passed: results.length - failed.length,
    failed: failed.map(withoutBody),
  };
}

/** The report when the checks themselves could not be carried out: nothing is known to be healthy. */
export function notCarriedOut(why: string): HealthReport {
  const failed: CheckResult = {
    name: 'health checks',
    category: 'system',
    severity: 'critical',
    target: 'environment',
    verdict: 'unknown',
    attempts: 1,
    durationMs: 0,
    evidence: why.slice(0, 300),
  };
  return { healthy: false, durationMs: 0, passed: 0, failed: [failed] };
}

type Finding = Pick<CheckResult, 'name' | 'target' | 'severity' | 'verdict' | 'evidence'>;

/** A sentence that names the failed critical checks, or what else was asked. */
export function describeFailures(
  report: { readonly passed: number; readonly failed: readonly Finding[] },
  what = 'checks',
): string {
  const critical = report.failed.filter((result) => result.severity === 'critical');
  const shown = critical.slice(0, 3).map(({ name, target, verdict, evidence }) => {
    const unasked = verdict === 'unknown' ? 'could not be carried out: ' : '';
    return `${name} on ${target} (${unasked}${evidence})`;
  });
  const more = critical.length > shown.length ? ` and ${critical.length - shown.length} more` : '';
  return `${critical.length} of ${critical.length + report.passed} ${what} failed: ${shown.join('; ')}${more}`;
}

/** Every check of an environment's committed release, asked outside of any run. */
export interface HealthLook {
  readonly environment: string;
  /** The committed release, for people. */
  readonly committed: string;
  readonly healthy: boolean;
  readonly durationMs: number;
  /** All of them, those that passed too. */
  readonly results: readonly CheckResult[];
  /** Hosts that were left out, because they are evicted. */
  readonly evicted: readonly string[];
  /** The run that changes the environment just now; `null`: none does. */
  readonly holder: string | null;
}
