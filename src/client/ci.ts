import { createHash } from 'node:crypto';
import { ciDeploymentId, ciIdentity, isCiJob, type CiWish } from '../domain/deployment-id.js';
import { SafeguardError } from '../domain/errors.js';
import { objectionToSource } from '../domain/request.js';
import type { ReleaseSource } from '../domain/run.js';
import { oneLine } from './one-line.js';

/** What a process is told by its surroundings. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Where a release's commit and ref are taken from. */
export interface FoundSource {
  readonly source: ReleaseSource;
  /** `option`: the command line; `GITHUB_SHA`, `GITHUB_REF`: GitHub Actions; `null`: nobody says it. */
  readonly from: { readonly commit: string | null; readonly ref: string | null };
}

/**
 * The deployment id of a job of GitHub Actions: the same job delivered twice is one deployment, a re-run is another.
 * `null`: this is no such job.
 */
export function ciId(variables: Variables, wish: CiWish): string | null {
  const runId = variables['GITHUB_RUN_ID'] ?? '';
  const job = {
    server: variables['GITHUB_SERVER_URL'] ?? '',
    runId,
    attempt: variables['GITHUB_RUN_ATTEMPT'] ?? '1',
    job: variables['GITHUB_JOB'] ?? '',
  };
  if (!isCiJob(job)) return null;
  const digest = createHash('sha256').update(ciIdentity(job, wish)).digest('hex');
  return ciDeploymentId(job, digest);
}

/**
 * Where the release comes from: by the command line, or by GitHub Actions where its job is about this very commit.
 * @throws SafeguardError REQUEST_INVALID
 */
export function releaseSource(
  said: { readonly commit?: string | undefined; readonly ref?: string | undefined },
  variables: Variables,
): FoundSource | null {
  const own = isAboutItsCommit(variables);
  const [commit, commitFrom] = first(said.commit, own, variables, 'GITHUB_SHA');
  const [ref, refFrom] = first(said.ref, own, variables, 'GITHUB_REF');
  if (commit === null && ref === null) return null;
  if (ref !== null) oneLine(refFrom === 'option' ? '--ref' : 'GITHUB_REF', ref);
  const objection = objectionToSource({ commit, ref });
  if (objection !== null) throw new SafeguardError('REQUEST_INVALID', objection);
  return { source: { commit, ref }, from: { commit: commitFrom, ref: refFrom } };
}

function first(
  said: string | undefined,
  own: boolean,
  variables: Variables,
  name: string,
): [value: string | null, from: string | null] {
  if (said !== undefined) return [said, 'option'];
  const value = own ? variables[name] : undefined;
  return value === undefined || value === '' ? [null, null] : [value, name];
}

/**
 * A job that somebody started by hand, or that follows another, runs at the newest commit of a branch, whatever release it is told
 * to deploy. A push is about its commit, and so is whatever runs at a tag.
 */
function isAboutItsCommit(variables: Variables): boolean {
  const event = variables['GITHUB_EVENT_NAME'] ?? '';
  return event === '' || event === 'push' || (variables['GITHUB_REF'] ?? '').startsWith('refs/tags/');
}
