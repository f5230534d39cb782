import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { approveSignal } from '../../src/workflows/messages.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { Chromium } from './chromium.js';
import { SOON } from './policy.js';
import { runCli } from './run-cli.js';
import { WebUiList } from './web-ui-list.js';
import { WebUiRun, type ShownDetails } from './web-ui-run.js';

/** A form takes longer than a signal of a program; what the other tests wait for would be over by then. */
const PATIENT = { ...SOON, limits: { ...SOON.limits, step: '600s' }, retries: { tries: 1 } };
const SLOW = { misbehave: 'slow-start', seconds: 600 } as const;

/** How long a page may take to show what is waited for, in milliseconds. */
const PATIENCE_MS = 180_000;

let campus: CampusLab;
let browser: Chromium;
let list: WebUiList;
let run: WebUiRun;

beforeAll(async () => {
  const approval = { required: true, signatures: 'optional', four_eyes: true };
  campus = await CampusLab.open({ policy: { ...PATIENT, approval }, readyTimeout: '600s' });
  await campus.startWorker();
  process.env['TEMPORAL_UI_URL'] = campus.uiUrl;
  await campus.release('1.0.0');
  await campus.release('2.0.0', SLOW);
  await campus.release('2.0.1', SLOW);
  await campus.release('2.1.0');
}, 300_000);
afterAll(async () => {
  delete process.env['TEMPORAL_UI_URL'];
  await campus.close();
}, 120_000);

beforeEach(async () => {
  browser = await Chromium.open(campus.uiUrl);
  list = new WebUiList(browser.page, campus.uiUrl);
  run = new WebUiRun(browser.page);
}, 120_000);
afterEach(async () => {
  const { elsewhere } = browser;
  await browser.close();
  expect(elsewhere).toEqual([]);
}, 120_000);

/** Ada asks for a deployment, as people do, and opens the address that the command printed. */
async function asked(version: string): Promise<WorkflowHandle> {
  const words = ['deploy', 'production', '--version', version, '--by', 'ada', '--json'];
  const { lines, stderr } = await runCli(campus, ...words);
  const started = JSON.parse(lines[0] ?? stderr) as { readonly workflowId: string; readonly ui: string };
  await run.open(started.ui);
  return campus.client.workflow.getHandle(started.workflowId);
}

/** The same, approved by somebody else beside the browser. */
async function approved(version: string): Promise<WorkflowHandle> {
  const handle = await asked(version);
  await until('it waits for approval', async () => {
    const { phase } = await campus.progress(handle);
    return phase === 'awaiting-approval';
  });
  await handle.signal(approveSignal, { by: 'ben', comment: 'seen' });
  return handle;
}

/** Waits until the details, asked for anew by the page's own key, are as wished; answers them. */
async function shows(what: string, isSo: (details: ShownDetails) => boolean): Promise<ShownDetails> {
  let seen = '';
  const look = async () => {
    await run.refresh();
    const details = await run.details();
    seen = details?.text ?? seen;
    return details !== null && isSo(details) && details;
  };
  return until(what, look, PATIENCE_MS).catch((cause: unknown) => {
    throw new Error(`The details never said what they should (${what}), but:\n${seen}`, { cause });
  });
}

function says(text: string): Promise<ShownDetails> {
  return shows(`the details say "${text}"`, (details) => details.text.includes(text));
}

/** Waits until a step shows a mark for itself and for every host. */
function marked(mark: string, title: string): Promise<ShownDetails> {
  return shows(`${mark} at ${title} and each host`, ({ rows }) =>
    rows.some(
      ([step = '', ...cells]) =>
        step.startsWith(`${mark} ${title}`) && campus.webHosts.every((_, index) => cells[index] === mark),
    ),
  );
}

/** Waits until the page calls the workflow so. */
function called(status: string): Promise<true> {
  return until(`the page calls it ${status}`, async () => (await run.status()) === status, PATIENCE_MS);
}

const HEAD = ['step', 'web-1', 'web-2', 'web-3', 'took'];

describe('an operator with nothing but a browser', () => {
  test('approves a plan by the form; what may not count is refused, and the page says so', async () => {
    const handle = await asked('1.0.0');
    await says('0 of 1 approval; missing: 1 more.');
    const signals = await run.signals();
    expect(signals).toMatchObject({
      approve: expect.stringMatching(/^Approves the plan that waits: \{/),
      abort: expect.stringMatching(/^Stops the run and brings back what served before: \{/),
      granted: 'Not for people: safeguard sends it by itself.',
    });
    await run.signal('approve', '{"by": "ada", "comment": "my own"}');
    await says('A decision was refused: ada asked for this run');
    expect(await campus.servedEverywhere()).toBe('nothing');

    const { planHash } = await campus.progress(handle);
    await run.fillSignal('approve', JSON.stringify({ by: 'ben', comment: 'looked at the plan', planHash }));
    await browser.picture('signal');
    await run.submitSignal();
    expect(await ended(handle)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(await campus.servedEverywhere()).toBe('1.0.0');
    const [record] = await campus.records();
    expect(record?.decisions).toMatchObject([
      { by: 'ben', verdict: 'approved', comment: 'looked at the plan', identity: 'claimed', planHash },
    ]);
  }, 600_000);

  test('sees hosts and steps as they go, and aborts by the form', async () => {
    const handle = await approved('2.0.0');
    const { text, rows } = await marked('▶', 'backend');
    expect(text).toContain('production: 1.0.0 → 2.0.0 — deploying');
    expect(rows[0]).toEqual(HEAD);
    expect(rows.slice(1).map(([step]) => step)).toEqual([
      '✓ validate',
      '✓ plan',
      '✓ look again',
      '✓ stage',
      '▶ backend',
    ]);
    for (const host of campus.webHosts) await run.untilSummary(`${host}: backend 2.0.0`);
    await run.untilSummary('limit of the run');
    await until(
      'a host runs the new backend',
      async () => (await campus.serving('web-1')).backend !== '1.0.0',
    );
    await browser.picture('run');

    await run.signal('abort', '{"by": "on-call", "reason": "pages all over"}');
    await marked('✓', 'restore 1.0.0');
    await says('Aborted by on-call: pages all over.');
    await run.untilSummary('web-1: restore 1.0.0');
    expect(await ended(handle)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
    await called('Failed');
    await says('production: 1.0.0 → 2.0.0 — ROLLED_BACK');
    expect(await campus.servedEverywhere()).toBe('1.0.0');
  }, 600_000);

  test('requests cancellation, and every host is brought back', async () => {
    const handle = await approved('2.0.1');
    await marked('▶', 'backend');
    await until(
      'a host runs the new backend',
      async () => (await campus.serving('web-1')).backend !== '1.0.0',
    );
    const dialog = await run.openCancellation();
    await browser.picture('cancel');
    await dialog.getByRole('button', { name: 'Confirm' }).click();

    expect(await ended(handle)).toMatchObject({ status: 'CANCELLED', outcome: 'ROLLED_BACK' });
    expect(await campus.servedEverywhere()).toBe('1.0.0');
    await called('Canceled');
    await says('production: 1.0.0 → 2.0.1 — ROLLED_BACK');
  }, 600_000);

  test('finds runs by environment, version, phase and outcome', async () => {
    const waiting = await asked('2.1.0');
    await says('0 of 1 approval; missing: 1 more.');
    await list.open();
    await list.showColumns([
      'SafeguardOutcome',
      'SafeguardVersion',
      'SafeguardPhase',
      'SafeguardEnvironment',
    ]);
    const lineOf = (version: string, status: string, phase: string, outcome: string) => ({
      Status: status,
      'Workflow ID': expect.stringMatching(
        new RegExp(`^deployment/production/${version}/\\d{8}-\\d{6}-\\w{6}$`),
      ),
      SafeguardEnvironment: 'production',
      SafeguardVersion: version,
      SafeguardPhase: phase,
      SafeguardOutcome: outcome,
    });
    const first = lineOf('1.0.0', 'Completed', 'ended', 'SUCCEEDED');
    const aborted = lineOf('2.0.0', 'Failed', 'ended', 'ROLLED_BACK');
    const cancelled = lineOf('2.0.1', 'Canceled', 'ended', 'ROLLED_BACK');
    const awaited = lineOf('2.1.0', 'Running', 'awaiting-approval', '');
    const listed = async (...lines: readonly object[]): Promise<void> => {
      await until(`${lines.length} are listed`, async () => (await list.rows()).length === lines.length);
      expect(await list.rows()).toEqual(lines);
    };

    await list.query('SafeguardEnvironment = "production" AND WorkflowType = "deployment"');
    await listed(awaited, cancelled, aborted, first);
    await list.query('SafeguardEnvironment = "staging"');
    await listed();
    await list.open();
    await list.filter('SafeguardOutcome', 'ROLLED_BACK');
    await listed(cancelled, aborted);
    await browser.picture('list');
    await list.filter('SafeguardVersion', '2.0.0');
    await listed(aborted);
    await list.open();
    await list.filter('SafeguardPhase', 'awaiting-approval');
    await listed(awaited);

    await waiting.cancel();
    expect(await ended(waiting)).toMatchObject({ outcome: 'WITHDRAWN' });
  }, 600_000);
});
