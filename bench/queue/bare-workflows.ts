import {
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';

const pass = defineSignal('pass');
const { work } = proxyActivities<{ work(): Promise<void> }>({ startToCloseTimeout: '10s' });

/** Waits for the baton, does one thing, and passes it on: the least that two workflows can do to take turns. */
export async function baton(next: string | null): Promise<void> {
  let hasBaton = false;
  setHandler(pass, () => void (hasBaton = true));
  await condition(() => hasBaton);
  await work();
  if (next !== null) await getExternalWorkflowHandle(next).signal(pass);
}
