import type { Branch, OriginRepository } from '../adapters/github/repository.js';
import type { EnvironmentConfig, GithubConfig } from '../config/load.js';
import type { ReleasePolicy } from '../domain/policy.js';
import {
  asksForOrigin,
  commitToJudge,
  findingsOnCommit,
  judgeChecks,
  notAllowed,
  onTheirWord,
  shortCommit,
  tagOf,
  type Claims,
  type FoundTag,
  type Needed,
} from '../domain/provenance.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest, Provenance } from '../domain/run.js';

/** What was asked for, and where it comes from by the caller's word. */
export type Wanted = Pick<DeploymentRequest, 'version' | 'source'>;

/** What of a run its origin is judged by. */
interface Subject {
  readonly request: Wanted;
  readonly release: Release;
}

/**
 * What is known of where a release comes from. With GitHub configured it is judged by the environment's policy: tag, commit,
 * branch, checks, in this order; otherwise what the caller says is passed on, and that nobody looked. `open` is called for the former
 * only.
 * @throws SafeguardError RELEASE_NOT_ALLOWED, GITHUB_UNREACHABLE, GITHUB_DENIED, SECRET_MISSING
 */
export async function originOf(
  open: (github: GithubConfig) => OriginRepository,
  { github, policy }: EnvironmentConfig,
  { request, release }: Subject,
): Promise<Provenance> {
  const asked = policy.release;
  const claims = { version: release.version, built: release.gitSha, source: request.source ?? null };
  if (!asksForOrigin(asked))
    return onTheirWord(asked, claims, 'the policy of the environment asks for nothing');
  if (github === null) return onTheirWord(asked, claims, 'github is not configured');
  return judged(open(github), github.repository, asked, claims);
}

async function judged(
  repository: OriginRepository,
  name: string,
  policy: ReleasePolicy,
  claims: Claims,
): Promise<Provenance> {
  // Asked first: what is missing afterwards is missing, and not hidden from this token.
  const defaultBranch = await repository.defaultBranch();
  const tag = await foundTag(repository, name, tagOf(policy, claims.version));
  const commit = await fullCommit(repository, name, tag, claims);
  const findings = findingsOnCommit(tag, commit, claims);
  const branch = await allowedBranch(repository, policy, commit);
  if (branch !== null) findings.push(`It is on branch ${branch.name}.`);
  const needed = await neededChecks(repository, policy, branch, defaultBranch);
  if (needed !== null) findings.push(await checkFinding(repository, commit, needed));
  const ref = tag === null ? (claims.source?.ref ?? null) : `refs/tags/${tag.name}`;
  return { by: 'github', commit, ref, findings };
}

async function foundTag(
  repository: OriginRepository,
  of: string,
  name: string | null,
): Promise<FoundTag | null> {
  if (name === null) return null;
  const commit = await repository.tagCommit(name);
  if (commit === null) throw notAllowed(`There is no tag ${name} in ${of}.`);
  return { name, commit };
}

async function fullCommit(
  repository: OriginRepository,
  of: string,
  tag: FoundTag | null,
  claims: Claims,
): Promise<string> {
  const commit = commitToJudge(tag, claims);
  if (tag !== null) return commit;
  const full = await repository.commit(commit);
  if (full === null) throw notAllowed(`There is no commit ${shortCommit(commit)} in ${of}.`);
  return full;
}

/** The first of the allowed branches that has the commit; `null`: any will do. */
async function allowedBranch(
  repository: OriginRepository,
  { branches }: ReleasePolicy,
  commit: string,
): Promise<Branch | null> {
  if (branches === null) return null;
  const seen: string[] = [];
  for (const name of branches) {
    const branch = await repository.branch(name);
    if (branch !== null && (await repository.contains(branch, commit))) return branch;
    seen.push(branch === null ? `${name} (there is no such branch)` : name);
  }
  throw notAllowed(
    `Commit ${shortCommit(commit)} is on none of the branches that are allowed: ${seen.join(', ')}.`,
  );
}

/** Which checks have to be green; `null`: the policy asks for none. */
async function neededChecks(
  repository: OriginRepository,
  { checks }: ReleasePolicy,
  branch: Branch | null,
  defaultBranch: string,
): Promise<Needed | null> {
  if (checks === null) return null;
  if (checks !== 'required')
    return {
      kind: 'named',
      checks: checks.map((name) => ({ name, app: null })),
      because: 'named by the policy of the environment',
    };
  const asked = branch ?? (await repository.branch(defaultBranch));
  if (asked === null)
    throw notAllowed(`There is no branch ${defaultBranch} that could say which checks are required.`);
  const required = await repository.requiredChecks(asked);
  if (required === null)
    return { kind: 'all', because: `the token may not see what branch ${asked.name} requires` };
  const verb = required.length === 0 ? 'requires none' : 'requires them';
  return { kind: 'named', checks: required, because: `branch ${asked.name} ${verb}` };
}

async function checkFinding(repository: OriginRepository, commit: string, needed: Needed): Promise<string> {
  const isNone = needed.kind === 'named' && needed.checks.length === 0;
  return judgeChecks(commit, needed, isNone ? [] : await repository.reports(commit));
}
