import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Phase } from '../../src/domain/progress.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { until } from '../../test/hosts/campus-lab.js';
import { eventsOf, historyOf } from './events.js';
import { Gate } from './instant-hosts.js';
import { Place } from './place.js';

/** Many environments at once, each with a run that holds it and one that waits. */
export interface Many {
  readonly environments: number;
  readonly runs: number;
  /** Runs that ended as SUCCEEDED. */
  readonly succeeded: number;
  /** Runs started a second, while the server also works on them. */
  readonly startsPerSecond: number;
  /** From the first start until all wait or hold, and from then until all have ended. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly runsPerSecond: number;
  /** Resident memory of the server in MiB: before, after, and the most that it ever had. */
  readonly serverMemory: { readonly before: number; readonly after: number; readonly peak: number };
  /** Events of one deployment to one host (median), and of an environment's history for each run. */
  readonly eventsPerDeployment: number;
  readonly eventsPerEnvironmentAndRun: number;
  readonly idle: Idle;
}

/** What environments cost that nothing happens to. */
export interface Idle {
  readonly environments: number;
  readonly seconds: number;
  /** New events in all of their histories together. */
  readonly events: number;
  /** Activities, children, timers and tasks that could make an event: with none there is nothing that could, however long it lasts. */
  readonly pending: number;
}

const HELD = '1.0.0';
const STARTERS = 20;

async function memory(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024);
}

/** Works on all items, some at a time. */
async function each<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: STARTERS }, worker));
  return results;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Asked of the server's index: a query would be work for the worker that is measured. */
async function inPhase({ client }: Place, phase: Phase): Promise<number> {
  const query = `WorkflowType = 'deployment' and ${SEARCH_ATTRIBUTES.phase} = '${phase}'`;
  return (await client.workflow.count(query)).count;
}

const LOOK_MS = 1_000;

/** Waits until every environment is held, and one run waits in it. */
async function untilInPlace(place: Place, environments: number): Promise<void> {
  for (;;) {
    const [deploying, queued] = [await inPhase(place, 'deploying'), await inPhase(place, 'queued')];
    if (deploying === environments && queued === environments) return;
    console.error(`  ${deploying} hold, ${queued} wait`);
    await delay(LOOK_MS);
  }
}

/** Timers, activities, children and workflow tasks that are open in a workflow. */
async function pendingIn(environment: WorkflowHandle): Promise<number> {
  const { raw } = await environment.describe();
  const events = await historyOf(environment);
  const started = events.filter((event) => event.timerStartedEventAttributes).length;
  const over = events.filter(
    (event) => event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes,
  ).length;
  const { pendingActivities, pendingChildren, pendingWorkflowTask } = raw;
  return (
    started -
    over +
    (pendingActivities?.length ?? 0) +
    (pendingChildren?.length ?? 0) +
    (pendingWorkflowTask ? 1 : 0)
  );
}

async function idle(environments: readonly WorkflowHandle[], seconds: number): Promise<Idle> {
  // What the last run has left to be said is said first.
  await until('nothing is pending', async () =>
    (await each(environments, pendingIn)).every((count) => count === 0),
  );
  const events = async (): Promise<number> =>
    (await each(environments, eventsOf)).reduce((sum, { total }) => sum + total, 0);
  const before = await events();
  await delay(seconds * 1000);
  const after = await events();
  const pending = (await each(environments, pendingIn)).reduce((sum, count) => sum + count, 0);
  return { environments: environments.length, seconds, events: after - before, pending };
}

/** Starts two runs in each of so many environments, lets them go when all wait, and leaves the environments alone for a while. */
export async function many(count: number, idleSeconds: number): Promise<Many> {
  const gate = new Gate();
  const place = await Place.open(1, new Map([[HELD, gate]]));
  try {
    const names = Array.from({ length: count }, (_, index) => `env-${String(index + 1).padStart(3, '0')}`);
    const environments = names.map((name) => place.environment(name));
    const before = await memory(place.server.pid, 'VmRSS');
    const begun = performance.now();
    const holders = await each(names, (name) => place.deploy(name, HELD));
    const waiting = await each(names, (name) => place.deploy(name, '2.0.0'));
    const started = performance.now();
    await untilInPlace(place, count);
    const queued = performance.now();
    gate.open();
    const runs = [...holders, ...waiting];
    const results = await Promise.all(runs.map((run) => run.result() as Promise<{ outcome: string }>));
    const ended = performance.now();
    const ofRuns = (await each(runs, eventsOf)).map(({ total }) => total);
    const ofEnvironments = (await each(environments, eventsOf)).map(({ total }) => total);
    return {
      environments: count,
      runs: runs.length,
      succeeded: results.filter(({ outcome }) => outcome === 'SUCCEEDED').length,
      startsPerSecond: round(runs.length / ((started - begun) / 1000)),
      startSeconds: round((queued - begun) / 1000),
      endSeconds: round((ended - queued) / 1000),
      runsPerSecond: round(runs.length / ((ended - begun) / 1000)),
      serverMemory: {
        before,
        after: await memory(place.server.pid, 'VmRSS'),
        peak: await memory(place.server.pid, 'VmHWM'),
      },
      eventsPerDeployment: median(ofRuns),
      eventsPerEnvironmentAndRun: round(median(ofEnvironments) / 2),
      idle: await idle(environments, idleSeconds),
    };
  } finally {
    await place.close();
  }
}
