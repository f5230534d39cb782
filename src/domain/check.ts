import type { ContainerEngine } from './host-protocol.js';

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

/** The unit is active and not in a loop of crashes: more restarts than that, the last of them lately. */
export interface SystemdCheck extends CheckBase {
  readonly kind: 'systemd';
  readonly unit: string;
  readonly maxRestarts: number;
  /** How long ago the last restart may be to count; left out, as earlier versions did: any time. */
  readonly withinSeconds?: number;
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

/** GET of a URL from the runner. */
export interface WebCheck extends CheckBase {
  readonly kind: 'web';
  readonly url: string;
  readonly status: number;
  /** Text that the body must have in it. */
  readonly contains?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers whose values stand elsewhere: a variable of the worker's environment, or a file of the runner. */
  readonly secretHeaders: Readonly<Record<string, { readonly env: string } | { readonly file: string }>>;
  /** File on the runner with the certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string;
}

/** Something accepts a connection from the runner. */
export interface TcpCheck extends CheckBase {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** The certificate of a server is trusted, and valid for so many days more; asked from the runner. */
export interface TlsCheck extends CheckBase {
  readonly kind: 'tls';
  readonly host: string;
  readonly port: number;
  readonly daysLeft: number;
  /** As of {@link WebCheck}. */
  readonly ca?: string;
}

/** A command on each host, as the deploying user: it ends with status 0, and says what it should. */
export interface CommandCheck extends CheckBase {
  readonly kind: 'command';
  readonly argv: readonly string[];
  /** Text that standard output must have in it. */
  readonly contains?: string;
}

/** Every sample of a query is within bounds, which do not belong to them. */
export interface PrometheusCheck extends CheckBase {
  readonly kind: 'prometheus';
  /** Of the server, without `/api`. */
  readonly url: string;
  readonly query: string;
  readonly below?: number;
  readonly above?: number;
  /** As of {@link WebCheck}; releases of earlier versions have none. */
  readonly secretHeaders?: WebCheck['secretHeaders'];
  /** As of {@link WebCheck}. */
  readonly ca?: string;
}

/** A container on each host runs, and is healthy where it says so. */
export interface ContainerCheck extends CheckBase {
  readonly kind: 'container';
  readonly engine: ContainerEngine;
  readonly container: string;
  /** It belongs to the deploying user; left out: to root. */
  readonly rootless?: true;
}

/** Kinds that only users write. */
export type OwnCheck = WebCheck | TcpCheck | TlsCheck | CommandCheck | PrometheusCheck | ContainerCheck;

export type Check = HttpCheck | SystemdCheck | SystemCheck | DatabaseCheck | CacheCheck | OwnCheck;

const FROM_THE_RUNNER: readonly Check['kind'][] = ['database', 'redis', 'web', 'tcp', 'tls', 'prometheus'];

/** True for checks that run once for each host; the others run once for the environment, from the runner. */
export function isPerHost({ kind }: Check): boolean {
  return !FROM_THE_RUNNER.includes(kind);
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
