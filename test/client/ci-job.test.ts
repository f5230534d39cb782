import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ciJob } from '../../src/client/ci-job.js';
import { runCli } from '../../src/client/main.js';
import type { RunEnd } from '../../src/client/run-end.js';
import { annotation } from '../../src/client/view/annotation.js';
import { LineWatcher } from '../../src/client/view/watchers.js';
import type { Progress, StepState } from '../../src/domain/progress.js';
import { CapturedTerminal } from './captured-terminal.js';

const RUN = {
  workflowId: 'deployment/production/2.0.0/id',
  deploymentId: 'id',
  environment: 'production',
  version: '2.0.0',
};
const GOOD: RunEnd = { outcome: 'SUCCEEDED', message: '2.0.0 serves.', exitStatus: 0 };
const BACK: RunEnd = { outcome: 'ROLLED_BACK', message: 'NOT_READY on web-1', exitStatus: 3 };

let folder: string;
let summary: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-ci-'));
  summary = join(folder, 'summary.md');
});
afterEach(() => rm(folder, { recursive: true }));

function progress(state: StepState, detail = ''): Progress {
  const step = {
    title: 'activate backend',
    state,
    startedAt: null,
    endedAt: null,
    hosts: { 'web-1': state },
    detail,
  };
  return {
    deploymentId: 'id',
    environment: 'production',
    version: '2.0.0',
    from: '1.0.0',
    phase: 'deploying',
    planHash: null,
    steps: [step],
    outcome: null,
    message: '',
  };
}

describe('a job of GitHub Actions', () => {
  async function shown(looks: Progress[], end: RunEnd, file = summary): Promise<CapturedTerminal> {
    const terminal = new CapturedTerminal();
    const job = ciJob({ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file }, terminal);
    const watcher = job.watching(new LineWatcher((line) => terminal.out(line)));
    for (const look of looks) watcher.show(look);
    await job.ended(end, RUN);
    return terminal;
  }

  test('is marked with a step that failed, once, and with the end; the log is what it always is', async () => {
    const failed = progress('failed', 'web-1: it does not answer');
    const { errLines, stdout } = await shown([progress('running'), failed, failed], BACK);
    expect(errLines).toEqual([
      '::error title=activate backend failed::web-1: it does not answer',
      '::error title=production 2.0.0%3A ROLLED_BACK::NOT_READY on web-1',
    ]);
    expect(stdout).toContain('✗ activate backend on web-1');
    expect(stdout).not.toContain('::');
  });

  test.each<[RunEnd['outcome'], number, string]>([
    ['SUCCEEDED', 0, 'notice'],
    ['NOOP', 0, 'notice'],
    ['REJECTED', 6, 'warning'],
    ['WITHDRAWN', 7, 'warning'],
    ['HELD_BACK', 10, 'warning'],
    ['REFUSED', 2, 'error'],
    ['PARTIAL', 5, 'error'],
    [null, 1, 'error'],
  ])('%s is told as it is (%d)', async (outcome, exitStatus, level) => {
    const { stderr } = await shown([], { outcome, message: 'a word', exitStatus });
    expect(stderr).toMatch(new RegExp(`^::${level} title=`));
  });

  test('gets the table of the run as its summary, beside what others wrote', async () => {
    await shown([progress('done')], GOOD);
    await shown([], BACK);
    const text = await readFile(summary, 'utf8');
    expect(text).toContain('### production 2.0.0: SUCCEEDED');
    expect(text).toContain('| step | web-1 | took |');
    expect(text).toContain('| ✓ activate backend | ✓ |');
    expect(text).toContain('### production 2.0.0: ROLLED_BACK\n\nNOT_READY on web-1');
  });

  test('tells the steps after it', async () => {
    const output = join(folder, 'output');
    const job = ciJob({ GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output }, new CapturedTerminal());
    await job.ended(GOOD, RUN);
    expect(await readFile(output, 'utf8')).toBe(
      'deployment-id=id\nworkflow-id=deployment/production/2.0.0/id\noutcome=SUCCEEDED\n',
    );
  });

  test('ends as the run does, though its summary can not be written', async () => {
    const { stderr } = await shown([progress('done')], GOOD, join(folder, 'missing', 'summary.md'));
    expect(stderr).toContain("The job's summary can't be written: Error: ENOENT");
  });
});

test('elsewhere nothing is marked', async () => {
  const terminal = new CapturedTerminal();
  const job = ciJob({}, terminal);
  const watcher = new LineWatcher(() => undefined);
  expect(job.watching(watcher)).toBe(watcher);
  await job.ended(BACK, RUN);
  expect(terminal.stderr).toBe('');
});

test('what a run says can not become a command of its own', () => {
  const hostile = '100%\r\n::stop-commands::x';
  expect(annotation('error', `a: b, ${hostile}`, hostile)).toBe(
    '::error title=a%3A b%2C 100%25%0D%0A%3A%3Astop-commands%3A%3Ax::100%25%0D%0A::stop-commands::x',
  );
});

test('a command that fails marks the job too', async () => {
  const before = process.env['GITHUB_ACTIONS'];
  process.env['GITHUB_ACTIONS'] = 'true';
  try {
    const terminal = new CapturedTerminal();
    const words = [
      '--config',
      join(folder, 'none.yaml'),
      'deploy',
      'production',
      '--version',
      '2.0.0',
      '--json',
    ];
    expect(await runCli(words, '1', terminal)).toBe(2);
    expect(
      terminal.errLines.filter((line) => line.startsWith('::error title=safeguard%3A CONFIG_INVALID::')),
    ).toHaveLength(1);
    expect(JSON.parse(terminal.stdout)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  } finally {
    if (before === undefined) delete process.env['GITHUB_ACTIONS'];
    else process.env['GITHUB_ACTIONS'] = before;
  }
});
