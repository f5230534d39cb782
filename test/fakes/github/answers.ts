import type { Call } from './judge.js';
import type { FakeBranch, FakeRepository, FakeRequired } from './world.js';

/** What the fake answers; `type`: left out for JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  /** It is not as GitHub's description says, as GitHub's own sometimes are not. */
  readonly isUndescribed?: boolean;
}

/** A valid request, what it wants to be answered as, and the address of the API. */
type Context = Call & { readonly accept: string; readonly url: string };

type Fields = Record<string, unknown>;
type Handler = (repository: FakeRepository, context: Context) => Answer;

/** GitHub's answer for whatever is not there, or not to be seen. */
export const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found' } };
const FORBIDDEN: Answer = { status: 403, body: { message: 'Resource not accessible by integration' } };

/** GitHub's own example of an answer, with the test's values laid over it. */
function like({ example }: Context, over: Fields): Answer {
  return { status: 200, body: { ...example, ...over } };
}

/** A part of GitHub's own example; of a list, its first. */
function part({ example }: Context, name: string): Fields {
  const value = example[name];
  return (Array.isArray(value) ? value[0] : value) as Fields;
}

function param({ params }: Context, name: string): string {
  return decodeURIComponent(params[name] ?? '');
}

/** One page of a list, as `per_page` and `page` ask. */
function page<T>({ query }: Context, all: readonly T[]): T[] {
  const size = Number(query['per_page'] ?? 30);
  const start = (Number(query['page'] ?? 1) - 1) * size;
  return all.slice(start, start + size);
}

const getRef: Handler = (repository, context) => {
  const { url } = context;
  const ref = param(context, 'ref');
  const sha = ref.startsWith('tags/') ? repository.tags.get(ref.slice(5)) : undefined;
  if (sha === undefined) return NOT_FOUND;
  const type = repository.tagObjects.has(sha) ? 'tag' : 'commit';
  return like(context, { ref: `refs/${ref}`, object: { type, sha, url: `${url}/git/${type}s/${sha}` } });
};

const getTag: Handler = (repository, context) => {
  const { url } = context;
  const sha = param(context, 'tag_sha');
  const object = repository.tagObjects.get(sha);
  if (!object) return NOT_FOUND;
  return like(context, { sha, object: { ...object, url: `${url}/git/${object.type}s/${object.sha}` } });
};

const getBranch: Handler = (repository, context) => {
  const asked = param(context, 'branch');
  // GitHub sends whoever asks for a former name to the branch itself.
  const name = repository.renamed.get(asked) ?? asked;
  const branch = repository.branches.get(name);
  if (!branch) return NOT_FOUND;
  const commit = { ...part(context, 'commit'), sha: branch.tip };
  const isProtected = branch.protection.length + branch.rules.length > 0;
  const answer = like(context, { name, commit, protected: isProtected, protection: protectionOf(branch) });
  if (!repository.hidden.has('protection')) return answer;
  // GitHub's description calls it required; servers leave it out all the same.
  const seen = Object.entries(answer.body as Fields).filter(([field]) => field !== 'protection');
  return { ...answer, body: Object.fromEntries(seen), isUndescribed: true };
};

function protectionOf({ protection }: FakeBranch): Fields {
  return {
    enabled: protection.length > 0,
    required_status_checks: {
      enforcement_level: protection.length > 0 ? 'everyone' : 'off',
      contexts: protection.map(({ context }) => context),
      checks: protection.map(({ context, app }) => ({ context, app_id: app ?? null })),
    },
  };
}

const getRules: Handler = (repository, context) => {
  if (repository.hidden.has('rules')) return FORBIDDEN;
  const branch = repository.branches.get(param(context, 'branch'));
  const ruleset = { ruleset_source_type: 'Repository', ruleset_source: repository.name, ruleset_id: 42 };
  const rules = [
    { type: 'deletion', ...ruleset },
    ...(branch && branch.rules.length > 0 ? [ruleOf(branch.rules, ruleset)] : []),
  ];
  return { status: 200, body: page(context, rules) };
};

function ruleOf(rules: readonly FakeRequired[], ruleset: Fields): Fields & { readonly type: string } {
  return {
    type: 'required_status_checks',
    ...ruleset,
    parameters: {
      strict_required_status_checks_policy: false,
      required_status_checks: rules.map(({ context, app }) => ({
        context,
        ...(app === undefined ? {} : { integration_id: app }),
      })),
    },
  };
}

const compare: Handler = (repository, context) => {
  const [from = '', to = ''] = param(context, 'basehead').split('...');
  const [base, head] = [repository.resolve(from), repository.resolve(to)];
  const status = base === null || head === null ? null : repository.compare(base, head);
  return status === null ? NOT_FOUND : like(context, { status });
};

const getCommit: Handler = (repository, context) => {
  const ref = param(context, 'ref');
  const sha = repository.resolve(ref);
  if (sha === null) return { status: 422, body: { message: `No commit found for SHA: ${ref}` } };
  return context.accept.includes('.sha')
    ? { status: 200, body: sha, type: 'application/vnd.github.sha', isUndescribed: true }
    : like(context, { sha });
};

const listCheckRuns: Handler = (repository, context) => {
  const commit = param(context, 'ref');
  const app = part(context, 'check_runs')['app'] as Fields;
  const runs = (repository.checkRuns.get(commit) ?? []).map((run, index) => ({
    ...part(context, 'check_runs'),
    ...run,
    id: index + 1,
    head_sha: commit,
    app: { ...app, id: run.app },
  }));
  return like(context, { total_count: runs.length, check_runs: page(context, runs) });
};

const getStatuses: Handler = (repository, context) => {
  const commit = param(context, 'ref');
  const example = part(context, 'statuses');
  const all = (repository.statuses.get(commit) ?? []).map((status) => ({ ...example, ...status }));
  const state = all.some((status) => status.state === 'failure') ? 'failure' : 'success';
  return like(context, { sha: commit, state, total_count: all.length, statuses: page(context, all) });
};

/** By operation of GitHub's description; a repository that is not ours is there for nobody. */
export const answers: Readonly<Record<string, Handler>> = Object.fromEntries(
  Object.entries<Handler>({
    'repos/get': (repository, context) =>
      like(context, { full_name: repository.name, default_branch: 'main', language: 'TypeScript' }),
    'git/get-ref': getRef,
    'git/get-tag': getTag,
    'repos/get-branch': getBranch,
    'repos/get-branch-rules': getRules,
    'repos/compare-commits-with-basehead': compare,
    'repos/get-commit': getCommit,
    'checks/list-for-ref': listCheckRuns,
    'repos/get-combined-status-for-ref': getStatuses,
  }).map(([operation, handler]) => [
    operation,
    (repository, context) =>
      `${param(context, 'owner')}/${param(context, 'repo')}` === repository.name
        ? handler(repository, context)
        : NOT_FOUND,
  ]),
);
