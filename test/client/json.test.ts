import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { completionTree, withDescendants } from '../../src/client/completion/tree.js';
import type { QueuedRun } from '../../src/domain/environment-state.js';
import { createProgram } from '../../src/client/program.js';
import { CapturedTerminal } from './captured-terminal.js';
import { CliServer } from './cli-server.js';
import { holder, serving } from './environments.js';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'json.md'), 'utf8');

let cli: CliServer;
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
  const queued: QueuedRun = {
    kind: 'converge',
    deploymentId: 'waiting-01',
    workflowId: 'converge/prod/waiting-01',
    runId: 'r',
    version: 'converge',
    requestedBy: 'alice',
    enqueuedAt: '2026-11-21T12:01:00Z',
  };
  await cli.environment('prod', {
    ...serving,
    holder: holder('deployment', 'deployment/prod/2.1.0/holder-01'),
    queue: [queued],
  });
}, 300_000);
afterAll(() => cli.stop(), 60_000);

/** Paths of a section's table; those that may be left out apart. */
function documented(heading: string): { readonly all: string[]; readonly optional: string[] } {
  const [, text = ''] = PAGE.split(`\n## ${heading}\n`);
  const rows = [...(text.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` +\| (.*)$/gm)];
  const paths = (of: typeof rows) => of.map(([, path = '']) => path);
  return {
    all: paths(rows),
    optional: paths(rows.filter(([, , meaning]) => meaning?.startsWith('_optional_'))),
  };
}

/** Paths of a value, as deep as the page goes. */
function paths(value: unknown, known: readonly string[], at = ''): string[] {
  const inside = Array.isArray(value) ? `${at}[]` : at === '' ? '' : `${at}.`;
  const isDescribed = known.some((path) => path !== at && path.startsWith(inside));
  if (typeof value !== 'object' || value === null || !isDescribed) return [at];
  if (Array.isArray(value))
    return value.length === 0 ? [at] : value.flatMap((item) => paths(item, known, inside));
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, known, `${inside}${key}`));
}

/** A value that is `null`, or a list without items, stands for all that would be below it. */
function isAtOrAbove(path: string, other: string): boolean {
  return other === path || other.startsWith(`${path}.`) || other.startsWith(`${path}[]`);
}

const said = ['--reason', 'x', '--by', 'ada'];
const started = ['--version', '2.0.0', '--by', 'alice', '--id'];
/** In this order: some build on those before. */
const CASES: readonly (readonly [heading: string, status: number, words: readonly string[]])[] = [
  ['`plan`', 0, ['plan', 'dev', '--version', '2.0.0']],
  ['`plan`', 0, ['deploy', 'dev', '--version', '2.0.0', '--dry-run']],
  ['`deploy`', 0, ['deploy', 'dev', ...started, 'json-run-1']],
  ['`abort`', 0, ['abort', 'dev', '--id', 'json-run-1', ...said]],
  ['`watch`', 3, ['watch', 'dev', '--id', 'json-run-1']],
  ['`watch`', 3, ['deploy', 'dev', ...started, 'json-run-1', '--follow']],
  ['`deploy`', 0, ['deploy', 'dev', ...started, 'json-run-2']],
  ['`approve`', 0, ['approve', 'dev', '--id', 'json-run-2', '--comment', 'x', '--by', 'bob']],
  ['`deploy`', 0, ['deploy', 'dev', ...started, 'json-run-3']],
  ['`approve`', 0, ['reject', 'dev', '--id', 'json-run-3', '--comment', 'x', '--by', 'bob']],
  ['`history`', 0, ['history', 'dev']],
  ['`status`', 0, ['status']],
  ['`queue`', 0, ['queue', 'prod']],
  ['`lock show`', 0, ['lock', 'show', 'prod']],
  ['`verify`', 9, ['verify', 'prod']],
  ['`health`', 9, ['health', 'prod']],
  ['`preflight`', 9, ['preflight', 'prod', '--version', '2.0.0']],
  ['`smoke`', 9, ['smoke', 'http://127.0.0.1:1', '--retries', '0']],
  ['`policy show`', 0, ['policy', 'show', 'prod']],
  ['`config check`', 0, ['config', 'check']],
  ['`doctor`', 9, ['doctor']],
  ['`audit verify`', 0, ['audit', 'verify', 'prod']],
  ['`resolve`', 9, ['resolve', 'prod', '--reason', 'too early', '--by', 'ada']],
  ['`resolve`', 0, ['resolve', 'prod', ...said]],
  ['`disable`', 0, ['disable', 'prod', ...said]],
  ['`disable`', 0, ['enable', 'prod', ...said]],
  ['`disable`', 0, ['freeze', 'prod', '--until', '2h', '--id', 'fair', ...said]],
  ['`disable`', 0, ['unfreeze', 'prod', 'fair', ...said]],
  ['`pause-all`', 0, ['pause-all', ...said]],
  ['`pause-all`', 0, ['resume-all', ...said]],
  ['`host evict`', 0, ['host', 'evict', 'prod', 'web2', ...said]],
  ['`host rejoin`', 0, ['host', 'rejoin', 'prod', 'web2', ...said]],
  ['`rollback`', 0, ['rollback', 'prod', ...said]],
  ['`rollback --dry-run`', 0, ['rollback', 'prod', '--dry-run', ...said]],
  ['`converge`', 0, ['converge', 'prod', ...said]],
  ['A failure', 2, ['status', 'nowhere']],
  ['A failure', 2, ['deploy', 'dev']],
  ['A failure', 2, ['host', 'evict', 'prod', 'web9', ...said]],
];

describe('--json prints what docs/json.md says', () => {
  test.each(CASES.map(([heading, status, words]) => [words.join(' '), heading, status, words] as const))(
    '%s',
    async (_, heading, status, words) => {
      const { all, optional } = documented(heading);
      expect(all).not.toEqual([]);
      const ended = await cli.run(...words, '--json');
      expect(ended.status).toBe(status);
      expect(ended.stdout).not.toContain('\n');
      const seen = new Set(paths(JSON.parse(ended.stdout), all));
      const isUnknown = (path: string): boolean => !all.some((known) => isAtOrAbove(path, known));
      expect([...seen].filter(isUnknown)).toEqual([]);
      const isUnseen = (path: string): boolean =>
        !optional.includes(path) && ![...seen].some((one) => isAtOrAbove(one, path));
      expect(all.filter(isUnseen)).toEqual([]);
    },
    60_000,
  );
});

test('one environment of status is the item of the list', async () => {
  const all = JSON.parse((await cli.run('status', '--json')).stdout) as unknown[];
  expect(JSON.parse((await cli.run('status', 'prod', '--json')).stdout)).toEqual(all[1]);
}, 60_000);

test('every command is on the page, and was run above where it has JSON', () => {
  const program = createProgram(new CapturedTerminal(), '1', () => undefined);
  const leaves = withDescendants(completionTree(program))
    .filter(({ commands, path }) => commands.length === 0 && path.at(-1) !== 'help')
    .map(({ path }) => path.join(' '));
  const [, unfit = ''] = /^Not for programs[\s\S]*?: ([\s\S]*?)\n\n/m.exec(PAGE) ?? [];
  for (const command of leaves) {
    expect(PAGE).toContain(`\`${command}\``);
    const isRun = CASES.some(([, , words]) => words.join(' ').startsWith(command));
    expect([command, isRun]).toEqual([
      command,
      !unfit.includes(`\`${command}\``) && command !== 'audit show',
    ]);
  }
});
