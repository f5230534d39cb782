import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { NativeConnection, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../src/adapters/workflow-bundle.js';
import { release, status } from '../../src/workflows/messages.js';
import { until } from '../../test/hosts/campus-lab.js';
import { figure, type Figure } from '../statistics.js';
import { historyOf, scheduledAt, signalsAt } from './events.js';
import { Gate } from './instant-hosts.js';
import { Place } from './place.js';

const ENVIRONMENT = 'production';
const HELD = '1.0.0';

/** How many wait, while one run holds the environment. */
async function untilQueued(place: Place, count: number): Promise<void> {
  const environment = place.environment(ENVIRONMENT);
  await until(`${count} wait`, async () => {
    const { queue } = await environment.query(status).catch(() => ({ queue: [] }));
    return queue.length === count;
  });
}

/**
 * From the moment that the environment hears of a run's end until the next run, which has waited, schedules its first activity: times of
 * the server's own events.
 */
export async function handOver(runs: number): Promise<Figure> {
  const gate = new Gate();
  const place = await Place.open(1, new Map([[HELD, gate]]));
  try {
    const all = [await place.deploy(ENVIRONMENT, HELD)];
    for (let run = 1; run <= runs; run += 1) all.push(await place.deploy(ENVIRONMENT, `1.0.${run}`));
    await untilQueued(place, runs);
    gate.open();
    await Promise.all(all.map((run) => run.result()));
    const ends = signalsAt(await historyOf(place.environment(ENVIRONMENT)), release.name);
    const starts = await Promise.all(
      all.map(async (run) => scheduledAt(await historyOf(run), 'plan') ?? NaN),
    );
    starts.sort((a, b) => a - b);
    return figure(starts.slice(1).map((start, index) => start - (ends[index] ?? NaN)));
  } finally {
    await place.close();
  }
}

/** The raw limit on the same server: bare workflows that hand over by a signal, from its arrival until the next one's activity. */
export async function bareHandOver(runs: number): Promise<Figure> {
  const place = await Place.open(1, new Map());
  const connection = await NativeConnection.connect({ address: place.server.address });
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = await Worker.create({
    connection,
    taskQueue: 'bare',
    workflowBundle: await bundleWorkflows(
      fileURLToPath(new URL(`./bare-workflows.${extension}`, import.meta.url)),
    ),
    activities: { work: () => Promise.resolve() },
  });
  try {
    return await worker.runUntil(async () => {
      const start = (index: number) =>
        place.client.workflow.start('baton', {
          workflowId: `baton-${index}`,
          taskQueue: 'bare',
          args: [index < runs ? `baton-${index + 1}` : null],
        });
      const all = [];
      for (let index = 0; index <= runs; index += 1) all.push(await start(index));
      await all[0]?.signal('pass');
      await Promise.all(all.map((run) => run.result()));
      const took = await Promise.all(
        all.slice(1).map(async (run) => {
          const events = await historyOf(run);
          return (scheduledAt(events, 'work') ?? NaN) - (signalsAt(events, 'pass')[0] ?? NaN);
        }),
      );
      return figure(took);
    });
  } finally {
    await connection.close();
    await place.close();
  }
}

/** Says when it was let in and when it leaves, in nanoseconds. */
const HOLDER = 'date +%s%N; sleep 0.05; date +%s%N';

/** What a script would do: processes that wait for a file lock. From the end of one until the next one works. */
export async function lockHandOver(runs: number, directory: string): Promise<Figure> {
  const lock = join(directory, `bench-${process.pid}.lock`);
  const out = `${lock}.out`;
  const one = () => execa('flock', [lock, 'sh', '-c', HOLDER], { stdout: { file: out, append: true } });
  try {
    await Promise.all(Array.from({ length: runs + 1 }, one));
    // Whole runs of two lines each, one after the other: that is what the lock is for.
    const times = (await readFile(out, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => Number(BigInt(line) / 1000n) / 1000);
    const hold = (index: number): number => times[index] ?? NaN;
    return figure(Array.from({ length: runs }, (_, run) => hold(2 * run + 2) - hold(2 * run + 1)));
  } finally {
    await Promise.all([rm(lock, { force: true }), rm(out, { force: true })]);
  }
}
