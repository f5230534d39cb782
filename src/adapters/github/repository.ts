import { Octokit } from '@octokit/rest';
import type { z } from 'zod';
import type { GithubConfig } from '../../config/load.js';
import { SafeguardError } from '../../domain/errors.js';
import { notAllowed, type CheckReport, type RequiredCheck } from '../../domain/provenance.js';
import { readSecret } from '../secrets.js';
import {
  branchAnswer,
  checkRunsAnswer,
  commitAnswer,
  comparisonAnswer,
  protectedChecks,
  refAnswer,
  repositoryAnswer,
  reportsOfRuns,
  reportsOfStatuses,
  ruledChecks,
  rulesAnswer,
  statusesAnswer,
  tagAnswer,
  type BranchAnswer,
} from './answers.js';
import { Patience, type Limits, type Watch } from './patience.js';

/** A branch, as GitHub knows it now. */
export interface Branch {
  readonly name: string;
  /** Its newest commit. */
  readonly commit: string;
  /** What its protection requires; `null`: this token may not see it. */
  readonly protectedChecks: readonly RequiredCheck[] | null;
}

/**
 * A repository on GitHub, asked where a release comes from. Nothing is changed there.
 * Every method throws SafeguardError GITHUB_UNREACHABLE or GITHUB_DENIED, or the reason for which it was stopped.
 */
export interface OriginRepository {
  /** The name of its default branch; asked once, whoever wants to know. */
  defaultBranch(): Promise<string>;
  /** The commit that a tag leads to; `null`: there is no such tag. */
  tagCommit(tag: string): Promise<string | null>;
  /** The full SHA of a commit, or of one that begins so; `null`: there is none, or it is not the only one. */
  commit(beginning: string): Promise<string | null>;
  branch(name: string): Promise<Branch | null>;
  /** True when the commit is on the branch. */
  contains(branch: Branch, commit: string): Promise<boolean>;
  /** The checks that are required before anything comes onto the branch; `null`: this token may not see them. */
  requiredChecks(branch: Branch): Promise<readonly RequiredCheck[] | null>;
  /** What all checks say of a commit. */
  reports(commit: string): Promise<readonly CheckReport[]>;
  /** When its token expires, by the last answer; `null`: it does not, or GitHub does not say. */
  readonly tokenExpiry: Date | null;
}

const PAGE = 100;
/** GitHub itself answers no more than a thousand. */
const MOST_PAGES = 30;
/** A tag may lead to a tag, and so on. */
const MOST_TAGS = 5;

const silent = (): void => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/**
 * Opens a repository for one judgement.
 * @throws SafeguardError SECRET_MISSING
 */
export function openRepository(config: GithubConfig, watch: Watch, limits?: Limits): OriginRepository {
  return new GithubRepository(config, watch, limits);
}

/** The repository itself could be read, so this is about what the token may see of it. */
function nothingWhenDenied(error: unknown): null {
  if (error instanceof SafeguardError && error.code === 'GITHUB_DENIED') return null;
  throw error;
}

/** `2026-12-24 18:00:00 UTC`, or with an offset. */
function expiryOf({ headers }: Answered): Date | null {
  const said = headers?.['github-authentication-token-expiration'];
  const moment = Date.parse(String(said ?? ''));
  return Number.isNaN(moment) ? null : new Date(moment);
}

interface Answered {
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string | number | undefined>>;
}

class GithubRepository implements OriginRepository {
  tokenExpiry: Date | null = null;
  private named: Promise<string> | null = null;
  private readonly octokit: Octokit;
  private readonly patience: Patience;
  private readonly place: { readonly owner: string; readonly repo: string };

  constructor(
    private readonly config: GithubConfig,
    watch: Watch,
    limits?: Limits,
  ) {
    const token = config.token === null ? null : readSecret(config.token, 'github.token');
    const baseUrl = config.api.replace(/\/+$/, '');
    // Octokit's own log would tell of every request that failed.
    this.octokit = new Octokit({
      ...(token === null ? {} : { auth: token }),
      baseUrl,
      userAgent: 'safeguard',
      log: SILENT,
    });
    this.patience = new Patience(baseUrl, token === null ? [] : [token], watch, limits);
    const [owner = '', repo = ''] = config.repository.split('/');
    this.place = { owner, repo };
  }

  defaultBranch(): Promise<string> {
    return (this.named ??= this.askForName());
  }

  private async askForName(): Promise<string> {
    const asked = await this.ask(
      repositoryAnswer,
      (signal) => this.octokit.rest.repos.get({ ...this.place, request: { signal } }),
      [404],
    );
    if (asked !== null) return asked.default_branch;
    const login = this.config.token === null ? 'who has no token' : 'the token';
    throw new SafeguardError('GITHUB_DENIED', `GitHub does not show ${this.config.repository} to ${login}.`);
  }

  async tagCommit(tag: string): Promise<string | null> {
    const ref = `tags/${tag}`;
    const found = await this.ask(
      refAnswer,
      (signal) => this.octokit.rest.git.getRef({ ...this.place, ref, request: { signal } }),
      [404],
    );
    if (found === null) return null;
    let { object } = found;
    for (let depth = 0; object.type === 'tag' && depth < MOST_TAGS; depth += 1) {
      const { sha } = object;
      const next = await this.ask(
        tagAnswer,
        (signal) => this.octokit.rest.git.getTag({ ...this.place, tag_sha: sha, request: { signal } }),
        [404],
      );
      if (next === null) break;
      object = next.object;
    }
    if (object.type === 'commit') return object.sha;
    throw notAllowed(`Tag ${tag} of ${this.config.repository} leads to no commit, but to a ${object.type}.`);
  }

  async commit(beginning: string): Promise<string | null> {
    // Only its SHA is answered, not what it changes.
    const sha = await this.ask(
      commitAnswer,
      (signal) =>
        this.octokit.rest.repos.getCommit({
          ...this.place,
          ref: beginning,
          mediaType: { format: 'sha' },
          request: { signal },
        }),
      [404, 422],
    );
    // A branch may have a name that reads like a commit.
    return sha?.startsWith(beginning) === true ? sha : null;
  }

  async branch(name: string): Promise<Branch | null> {
    const answer: BranchAnswer | null = await this.ask(
      branchAnswer,
      (signal) => this.octokit.rest.repos.getBranch({ ...this.place, branch: name, request: { signal } }),
      [404],
    );
    // The old name of a renamed branch leads to the new one, which nobody has allowed.
    if (answer?.name !== name) return null;
    return { name, commit: answer.commit.sha, protectedChecks: protectedChecks(answer) };
  }

  async contains(branch: Branch, commit: string): Promise<boolean> {
    if (branch.commit === commit) return true;
    // By SHA, not by name: a tag that is named as the branch would be compared with instead.
    const basehead = `${branch.commit}...${commit}`;
    const answer = await this.ask(
      comparisonAnswer,
      (signal) =>
        this.octokit.rest.repos.compareCommitsWithBasehead({
          ...this.place,
          basehead,
          per_page: 1,
          request: { signal },
        }),
      [404],
    );
    return answer?.status === 'behind' || answer?.status === 'identical';
  }

  async requiredChecks(branch: Branch): Promise<readonly RequiredCheck[] | null> {
    if (branch.protectedChecks === null) return null;
    const rules = await this.pages(async (page) => {
      const asked = { ...this.place, branch: branch.name, per_page: PAGE, page };
      // Servers of before the rules answer 404: the branch itself is there.
      return this.ask(
        rulesAnswer,
        (signal) => this.octokit.rest.repos.getBranchRules({ ...asked, request: { signal } }),
        [404],
      );
    }).catch(nothingWhenDenied);
    return rules === null ? null : [...branch.protectedChecks, ...ruledChecks(rules)];
  }

  async reports(commit: string): Promise<readonly CheckReport[]> {
    const asked = { ...this.place, ref: commit, per_page: PAGE };
    const runs = await this.pages(async (page) => {
      const answer = await this.ask(checkRunsAnswer, (signal) =>
        this.octokit.rest.checks.listForRef({ ...asked, page, request: { signal } }),
      );
      return answer?.check_runs ?? null;
    });
    const statuses = await this.pages(async (page) => {
      const answer = await this.ask(statusesAnswer, (signal) =>
        this.octokit.rest.repos.getCombinedStatusForRef({ ...asked, page, request: { signal } }),
      );
      return answer?.statuses ?? null;
    });
    return [...reportsOfRuns(runs), ...reportsOfStatuses(statuses)];
  }

  /** All pages of a list. */
  private async pages<T>(page: (number: number) => Promise<readonly T[] | null>): Promise<T[]> {
    const all: T[] = [];
    for (let number = 1; number <= MOST_PAGES; number += 1) {
      const some = (await page(number)) ?? [];
      all.push(...some);
      if (some.length < PAGE) return all;
    }
    throw notAllowed(`${this.config.repository} has more checks of this commit than can be judged.`);
  }

  /** What GitHub answers; `null` for the statuses that mean "there is none". */
  private async ask<S extends z.ZodType>(
    shape: S,
    request: (signal: AbortSignal) => Promise<Answered>,
    none: readonly number[] = [],
  ): Promise<z.output<S> | null> {
    const answer = await this.patience.ask<Answered | null>(request, (status) =>
      none.includes(status) ? null : undefined,
    );
    if (answer === null) return null;
    this.tokenExpiry = expiryOf(answer);
    const parsed = shape.safeParse(answer.data);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const what = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
    throw new SafeguardError(
      'GITHUB_UNREACHABLE',
      `What answers at ${this.config.api} does not answer as GitHub does: ${what}.`,
    );
  }
}
