import { Context } from '@temporalio/activity';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { StepToken } from '../domain/run.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { pause, WATCH_BEAT_MS, withPulse } from './pulse.js';
import { assertNotReset } from './reset.js';

/** A lease is renewed so often before it would run out: a worker that is lost leaves time for another one to go on. */
const RENEWALS = 6;

/**
 * Lets hosts hear from a run while they serve what is not committed, until it is cancelled. A host that can't be reached is
 * asked again the next time; when its lease has run out, it has gone back by itself, and says so when it is asked for its vote.
 */
export async function holdLeases(
  dependencies: Dependencies,
  call: Where & {
    readonly hosts: readonly HostRef[];
    readonly token: StepToken;
    readonly leaseSeconds: number;
    /** See `assertNotReset`. */
    readonly grantedTo?: string;
  },
): Promise<void> {
  await withPulse(async ({ signal, say }) => {
    assertNotReset(call.grantedTo);
    const environment = configured(dependencies, call);
    const { application, leaseSeconds } = call;
    const token = { ...call.token, attempt: Context.current().info.attempt };
    const intervalMs = (leaseSeconds * 1000) / RENEWALS;
    const renew = async (host: HostRef): Promise<string> => {
      try {
        await dependencies.program.change(
          targetOf(environment, host),
          { application, environment: environment.name, token, operation: 'renew', lease: leaseSeconds },
          { signal, timeoutMs: intervalMs * 2 },
        );
        return `${host.name} renewed`;
      } catch (error) {
        if (signal.aborted || !(error instanceof SafeguardError)) throw error;
        return `${host.name}: ${error.message}`;
      }
    };
    // They begin with the activation, which is asked for at the same time; this may start much later, or again.
    const age = Date.now() - Context.current().info.scheduledTimestampMs;
    await pause(Math.min(Math.max(0, intervalMs - age), intervalMs), { signal });
    for (;;) {
      say((await Promise.all(call.hosts.map(renew))).join('; '));
      await pause(intervalMs, { signal });
    }
  }, WATCH_BEAT_MS);
}
