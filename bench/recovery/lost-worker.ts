import type { WorkflowHandle } from '@temporalio/client';
import { ended, until, type CampusLab } from '../../test/hosts/campus-lab.js';
import { WorkerProcess } from '../../test/hosts/worker-process.js';

interface Pending {
  readonly id: string;
  readonly attempt: number;
  readonly worker: string;
}

/** Attempts at `activate` that a worker has begun. */
async function activations(run: WorkflowHandle): Promise<Pending[]> {
  const { raw } = await run.describe();
  return (raw.pendingActivities ?? []).flatMap(
    ({ activityId, activityType, attempt, state, lastWorkerIdentity }) =>
      activityType?.name === 'activate' && String(state) === STARTED
        ? [{ id: activityId ?? '', attempt: attempt ?? 0, worker: lastWorkerIdentity ?? '' }]
        : [],
  );
}

/** `PENDING_ACTIVITY_STATE_STARTED`. */
const STARTED = '2';

/** From the SIGKILL of the worker that carries out a step until another one goes on with all that it had in hand. */
export async function killToGoingOn(campus: CampusLab, version: string): Promise<number> {
  const workers = [await WorkerProcess.start(campus), await WorkerProcess.start(campus)];
  try {
    await campus.release(version, { misbehave: 'slow-start', seconds: 6 });
    const run = await campus.start(version);
    const held = await until('every host’s step has begun', async () => {
      if ((await run.describe()).status.name !== 'RUNNING') throw new Error((await ended(run)).message);
      const found = await activations(run);
      return found.length === campus.webHosts.length ? found : null;
    });
    const victim = workers.find(({ pid }) => held.some(({ worker }) => worker.startsWith(`${pid}@`)));
    if (!victim)
      throw new Error(`none of ours holds the step: ${held.map(({ worker }) => worker).join(', ')}`);
    const lost = held.filter(({ worker }) => worker.startsWith(`${victim.pid}@`));
    const begun = performance.now();
    await victim.signal('SIGKILL');
    await until('the step goes on elsewhere', async () => {
      const now = await activations(run);
      return lost.every(({ id, attempt }) => now.some((one) => one.id === id && one.attempt > attempt));
    });
    const took = performance.now() - begun;
    const { outcome, message } = await ended(run);
    if (outcome !== 'SUCCEEDED') throw new Error(`the run did not go through: ${message}`);
    return took;
  } finally {
    for (const worker of workers) await worker.signal('SIGKILL');
  }
}
