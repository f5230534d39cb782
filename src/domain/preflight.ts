import type { Severity, Verdict } from './check.js';
import type { ErrorCode } from './errors.js';

/** How much is looked at before anything changes, from little to much; each includes those before it (spec S3, S20). */
export const PREFLIGHT_LEVELS = ['basic', 'standard', 'strict'] as const;
export type PreflightLevel = (typeof PREFLIGHT_LEVELS)[number];

interface Rule {
  /** Looked at from this level on. */
  readonly from: PreflightLevel;
  /** Ends the run from this level on; before it, it is a warning. `null`: always a warning. */
  readonly critical: PreflightLevel | null;
}

/**
 * What is looked at. `basic`: what the runner knows by itself and from Temporal; `standard`: hosts, database, cache, runner health as well;
 * `strict`: Ansible's dry run as well, and a degraded runner or a wrong clock ends the run.
 */
export const PREFLIGHT = {
  release: { from: 'basic', critical: 'basic' },
  origin: { from: 'basic', critical: 'basic' },
  secret: { from: 'basic', critical: 'basic' },
  token: { from: 'standard', critical: 'standard' },
  'login key': { from: 'basic', critical: 'basic' },
  programs: { from: 'basic', critical: 'basic' },
  'smoke tests': { from: 'basic', critical: 'basic' },
  'disk of the runner': { from: 'basic', critical: 'basic' },
  environment: { from: 'basic', critical: 'basic' },
  switches: { from: 'basic', critical: null },
  queue: { from: 'basic', critical: null },
  inventory: { from: 'basic', critical: 'basic' },
  'health of the runner': { from: 'standard', critical: 'strict' },
  login: { from: 'standard', critical: 'standard' },
  disk: { from: 'standard', critical: 'standard' },
  room: { from: 'standard', critical: 'standard' },
  clock: { from: 'standard', critical: 'strict' },
  'container engine': { from: 'standard', critical: 'standard' },
  database: { from: 'standard', critical: 'standard' },
  cache: { from: 'standard', critical: null },
  'dry run': { from: 'strict', critical: 'strict' },
} as const satisfies Record<string, Rule>;

/** Stable name of what is looked at. */
export type PreflightName = keyof typeof PREFLIGHT;

/** What one look came to. */
export interface PreflightSeen {
  readonly verdict: Verdict;
  /** What was measured, in a phrase; no secrets. */
  readonly found: string;
  /** What it has to be, in a phrase. */
  readonly limit?: string;
  /** What to do; by default what the code's error says. */
  readonly advice?: string;
  /** The coded error that a deployment would meet. */
  readonly code?: ErrorCode;
  /** Only a warning here, whatever the level says. */
  readonly warns?: true;
  /** More of it, a sentence each: what a dry run would do. */
  readonly details?: readonly string[];
}

/** One line of the table. */
export interface PreflightResult {
  readonly name: PreflightName;
  /** Host name, `runner`, `environment`, or what the name is about. */
  readonly target: string;
  readonly severity: Exclude<Severity, 'info'>;
  readonly verdict: Verdict;
  readonly found: string;
  readonly limit: string | null;
  /** `null`: there is nothing to be done. */
  readonly advice: string | null;
  /** The page that says more; `null`: there is nothing to be done. */
  readonly runbook: string | null;
  readonly code: ErrorCode | null;
  readonly details: readonly string[];
  readonly durationMs: number;
}

/** Everything that was looked at before a release. */
export interface PreflightReport {
  readonly environment: string;
  readonly version: string;
  readonly level: PreflightLevel;
  /** No critical look said anything but yes. */
  readonly passed: boolean;
  readonly durationMs: number;
  /** How many there were. */
  readonly looks: number;
  /** In the order of {@link PREFLIGHT}; what a run carries along leaves out those that passed, which are beside its record. */
  readonly results: readonly PreflightResult[];
}

const NAMES = Object.keys(PREFLIGHT) as PreflightName[];

function reaches(level: PreflightLevel, wanted: PreflightLevel): boolean {
  return PREFLIGHT_LEVELS.indexOf(level) >= PREFLIGHT_LEVELS.indexOf(wanted);
}

/** True for what is looked at on this level. */
export function isLookedAt(name: PreflightName, level: PreflightLevel): boolean {
  return reaches(level, PREFLIGHT[name].from);
}

/** What it is to the run when a look on this level does not say yes. */
export function severityOf(name: PreflightName, level: PreflightLevel): PreflightResult['severity'] {
  const { critical } = PREFLIGHT[name];
  return critical !== null && reaches(level, critical) ? 'critical' : 'warning';
}

/** True for what ends the run. */
export function isObjection({ severity, verdict }: PreflightResult): boolean {
  return severity === 'critical' && verdict !== 'pass';
}

/** Puts the looks together. */
export function preflightReport(
  of: Pick<PreflightReport, 'environment' | 'version' | 'level' | 'durationMs'>,
  results: readonly PreflightResult[],
): PreflightReport {
  const inOrder = [...results].sort((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name));
  return { ...of, passed: !inOrder.some(isObjection), looks: inOrder.length, results: inOrder };
}

/** Without what passed. */
export function withoutPassed(report: PreflightReport): PreflightReport {
  return { ...report, results: report.results.filter(({ verdict }) => verdict !== 'pass') };
}

/** `12 of 14 passed, 1 warning`. */
export function countPreflight({ looks, results }: PreflightReport): string {
  const others = results.filter(({ verdict }) => verdict !== 'pass');
  const passed = looks - others.length;
  const warnings = others.filter(({ severity }) => severity === 'warning').length;
  const more = warnings === 0 ? '' : `, ${warnings} warning${warnings === 1 ? '' : 's'}`;
  return `${passed} of ${looks} passed${more}`;
}

/** Most that are told in one sentence. */
const MOST_TOLD = 3;

/** Why a run ends before it began: the first objection's code, and what all of them say. `null`: there is none. */
export function refusalOf(
  report: PreflightReport,
): { readonly code: ErrorCode; readonly message: string } | null {
  const objections = report.results.filter(isObjection);
  const [first] = objections;
  if (first === undefined) return null;
  const code = first.code ?? 'PREFLIGHT_FAILED';
  // What has one cause is told as ever.
  if (objections.length === 1 && first.code !== null) return { code, message: first.found };
  const told = objections
    .slice(0, MOST_TOLD)
    .map(({ name, target, found }) => `${name} (${target}): ${found}`);
  const more = objections.length > MOST_TOLD ? ` And ${objections.length - MOST_TOLD} more.` : '';
  return { code, message: `${objections.length} of ${report.looks} looks object: ${told.join(' ')}${more}` };
}
