import { isCancellation } from '@temporalio/workflow';
import type { Forensics } from '../activities/forensics.js';
import { attempts } from './activities.js';
import { failureOf } from './failures.js';
import type { HostCall } from './host-steps.js';
import type { WayBack } from './way-back.js';

/** Keeps what there is to know of the failed release on one host, and says where, or why there is nothing. Never throws. */
export async function forensicsOn(way: WayBack, failed: string, call: HostCall): Promise<Forensics> {
  const { limitSeconds, logSeconds } = way.policy.forensics;
  try {
    const answer: Forensics | string = await attempts.forensics.executeWithOptions(
      {
        scheduleToCloseTimeout: (limitSeconds + 10) * 1000,
        summary: `${call.host.name}: forensics of ${failed}`,
      },
      [{ ...call, deploymentId: way.deploymentId, version: failed, logSeconds, limitSeconds }],
    );
    // Runs that an earlier version of this code began were answered with a sentence.
    return typeof answer === 'string' ? { said: answer, kept: null } : answer;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { said: `${call.host.name}: none, ${failureOf(error).message}`, kept: null };
  }
}
