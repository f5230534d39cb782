import { SafeguardError } from './errors.js';
import type { ReleasePolicy } from './policy.js';
import type { Provenance, ReleaseSource } from './run.js';

/** What people say about a release's origin; nothing proved it. */
export interface Claims {
  readonly version: string;
  /** The commit that the release's own `release.json` names; at least 7 digits of it. */
  readonly built: string | null;
  /** What whoever started the run says. */
  readonly source: ReleaseSource | null;
}

/** A tag that is there, and the commit that it leads to. */
export interface FoundTag {
  readonly name: string;
  readonly commit: string;
}

/** A check that has to be green; `app` is the one that must have reported it, `null`: whoever did. */
export interface RequiredCheck {
  readonly name: string;
  readonly app: number | null;
}

/** What one check says of a commit. */
export interface CheckReport {
  readonly name: string;
  /** Number of the GitHub App that reported it; `null`: a commit status, of which nobody can tell. */
  readonly app: number | null;
  readonly state: 'green' | 'pending' | 'red';
  /** GitHub's own word: `success`, `timed_out`, `in_progress`. */
  readonly word: string;
}

/** The checks that a commit needs: by name, or, where nobody may read which are required, all that there are. */
export type Needed =
  | { readonly kind: 'named'; readonly checks: readonly RequiredCheck[]; readonly because: string }
  | { readonly kind: 'all'; readonly because: string };

/** An error that says what about the origin is not as the policy asks. */
export function notAllowed(message: string): SafeguardError {
  return new SafeguardError('RELEASE_NOT_ALLOWED', message);
}

/** How a commit is written in sentences. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 12);
}

/** True when the policy asks anything of a release's origin. */
export function asksForOrigin({ tag, branches, checks }: ReleasePolicy): boolean {
  return tag !== null || branches !== null || checks !== null;
}

/** The tag that a version must have; `null`: it needs none. */
export function tagOf({ tag }: ReleasePolicy, version: string): string | null {
  return tag === null ? null : tag.replaceAll('{version}', version);
}

/** What is recorded where nobody looked; `why` is the reason for that. */
export function onTheirWord(policy: ReleasePolicy, claims: Claims, why: string): Provenance {
  const { built, source } = claims;
  const said = source?.commit ?? null;
  const asked = wishes(policy, claims.version);
  const contradiction =
    built !== null && said !== null && !said.startsWith(built)
      ? [
          `release.json names commit ${shortCommit(built)} and the caller ${shortCommit(said)}; nobody judged which is right.`,
        ]
      : [];
  return {
    by: 'caller',
    commit: said ?? built,
    ref: source?.ref ?? null,
    findings: [
      asked === null ? `Nobody looked at the origin: ${why}.` : `Nobody looked at ${asked}: ${why}.`,
      ...contradiction,
    ],
  };
}

/** What is known of the origin, in one line. */
export function describeProvenance(provenance: Provenance | undefined): string {
  return provenance?.findings.join(' ') ?? '';
}

/** What the policy asks for, in words. */
function wishes(policy: ReleasePolicy, version: string): string | null {
  const tag = tagOf(policy, version);
  const { branches, checks } = policy;
  const parts = [
    ...(tag === null ? [] : [`tag ${tag}`]),
    ...(branches === null ? [] : [`branch ${branches.join(' or ')}`]),
    ...(checks === null ? [] : [checks === 'required' ? 'required checks' : `checks ${checks.join(', ')}`]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/**
 * The commit that is to be judged, as far as it is known: the tag's, else the caller's, else that of `release.json`, which may be
 * the beginning of one.
 * @throws SafeguardError RELEASE_NOT_ALLOWED when nobody names one, or they name different ones
 */
export function commitToJudge(tag: FoundTag | null, { built, source }: Claims): string {
  const said = source?.commit ?? null;
  const commit = tag?.commit ?? said ?? built;
  if (commit === null)
    throw notAllowed(
      'Nobody says which commit the release was built from, so neither its branch nor its checks can be judged: release.json names none, and --commit was not given.',
    );
  const name = tag === null ? 'the caller names' : `tag ${tag.name} is`;
  if (built !== null && !commit.startsWith(built))
    throw notAllowed(
      `The release was built from commit ${shortCommit(built)}, but ${name} ${shortCommit(commit)}.`,
    );
  if (said !== null && said !== commit)
    throw notAllowed(`The caller names commit ${shortCommit(said)}, but ${name} ${shortCommit(commit)}.`);
  return commit;
}

/** What was found out about the commit itself, a sentence each. */
export function findingsOnCommit(tag: FoundTag | null, commit: string, { built, source }: Claims): string[] {
  const short = shortCommit(commit);
  const said = source?.commit ?? null;
  return [
    tag === null ? `The commit is ${short}.` : `Tag ${tag.name} is commit ${short}.`,
    built === null
      ? 'release.json names no commit: that the release was built from this one is nobody’s finding.'
      : 'release.json says that the release was built from it.',
    ...(said === null ? [] : ['The caller names the same commit.']),
  ];
}

/**
 * Judges what checks say of a commit. Pending is not green, and neither is what was never reported.
 * @throws SafeguardError RELEASE_NOT_ALLOWED naming each that is not green
 */
export function judgeChecks(commit: string, needed: Needed, reports: readonly CheckReport[]): string {
  const checks = needed.kind === 'all' ? everyName(reports) : needed.checks;
  const { because } = needed;
  const complaints = checks.flatMap((check) => complaintsAbout(check, reports));
  const short = shortCommit(commit);
  if (complaints.length > 0) {
    const list = complaints.map(({ text }) => text).join(', ');
    const all = needed.kind === 'all' ? ` All of them count: ${because}.` : '';
    const wait = complaints.some(({ mayCome }) => mayCome)
      ? ' Checks are not waited for: start again when they have ended.'
      : '';
    throw notAllowed(`Not every check of commit ${short} is green: ${list}.${all}${wait}`);
  }
  if (checks.length > 0) {
    const names = [...new Set(checks.map(({ name }) => name))].sort().join(', ');
    return `Every check that counts is green (${because}): ${names}.`;
  }
  if (needed.kind === 'named') return `No check is asked for: ${because}.`;
  throw notAllowed(
    `No check has said anything of commit ${short}, and nobody knows which are required: ${because}.`,
  );
}

function everyName(reports: readonly CheckReport[]): RequiredCheck[] {
  return [...new Set(reports.map(({ name }) => name))].map((name) => ({ name, app: null }));
}

/** What is wrong with a check; `mayCome`: it may yet become green by itself. */
interface Complaint {
  readonly text: string;
  readonly mayCome: boolean;
}

function complaintsAbout({ name, app }: RequiredCheck, reports: readonly CheckReport[]): Complaint[] {
  const same = reports.filter((report) => report.name === name);
  const counted = app === null ? same : same.filter((report) => report.app === app);
  if (counted.length === 0) {
    const whom = same.length === 0 || app === null ? '' : ` by app ${app}, which has to`;
    return [{ text: `${name} was not reported${whom}`, mayCome: true }];
  }
  return counted
    .filter(({ state }) => state !== 'green')
    .map(({ state, word }) =>
      state === 'pending'
        ? { text: `${name} is pending (${word})`, mayCome: true }
        : { text: `${name} is ${word}`, mayCome: false },
    );
}
