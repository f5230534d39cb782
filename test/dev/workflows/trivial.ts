import { proxyActivities, sleep } from '@temporalio/workflow';
import { GREETING } from './greeting.js';

const { noop } = proxyActivities<{ noop(): Promise<void> }>({ startToCloseTimeout: '10 seconds' });

/** Runs an activity `count` times, one after the other. */
export async function repeat(count: number): Promise<string> {
  for (let done = 0; done < count; done += 1) await noop();
  return GREETING;
}

/** Sleeps for 30 days. */
export async function sleepLong(): Promise<string> {
  await sleep('30 days');
  return GREETING;
}
