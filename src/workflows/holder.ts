import { CancellationScope, log, sleep } from '@temporalio/workflow';
import type { Holder } from '../domain/environment-state.js';
import { watching } from './activities.js';

/**
 * Watches a holder until it is closed, and tells when it stops to make progress and when it goes on. A watch that fails says
 * nothing of the holder: neither must the environment end with it, nor the holder lose its place.
 */
export async function untilClosed(
  { workflowId, runId, stalledSince: flagged = null }: Holder,
  onProgress: (stalledSince: string | null) => void,
): Promise<void> {
  let stalledSince = flagged;
  for (;;) {
    try {
      const seen = await watching.watchHolder({ workflowId, runId, stalledSince });
      if (!seen) return;
      stalledSince = seen.stalledSince;
      if (stalledSince !== null) log.warn('the holder makes no progress', { workflowId, stalledSince });
      onProgress(stalledSince);
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      log.warn('the watch over the holder failed and is begun again', { workflowId, error: String(error) });
      await sleep('5s');
    }
  }
}
