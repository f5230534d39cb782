import { isCancellation } from '@temporalio/workflow';
import { attempts } from './activities.js';
import { failureOf } from './failures.js';
import type { HostCall } from './host-steps.js';
import type { WayBack } from './way-back.js';

/** Keeps what there is to know of the failed release on one host; a sentence says where, or why there is nothing. Never throws. */
export async function forensicsOn(way: WayBack, failed: string, call: HostCall): Promise<string> {
  const { limitSeconds, logSeconds } = way.policy.forensics;
  try {
    return await attempts.forensics.executeWithOptions(
      {
        scheduleToCloseTimeout: (limitSeconds + 10) * 1000,
        summary: `${call.host.name}: forensics of ${failed}`,
      },
      [{ ...call, deploymentId: way.deploymentId, version: failed, logSeconds, limitSeconds }],
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `${call.host.name}: none, ${failureOf(error).message}`;
  }
}
