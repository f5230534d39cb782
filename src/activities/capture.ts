import { SafeguardError } from '../domain/errors.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { ReleaseRef } from '../domain/manifest.js';
import type { Dependencies, Where } from './dependencies.js';
import { addressed, options, type OnHost } from './on-host.js';
import type { Inspected } from './hosts-of.js';
import { withPulse } from './pulse.js';
import { assertNotReset } from './reset.js';

/** What a capture is of. */
interface Captured extends Where {
  readonly deploymentId: string;
  /** The release that the way back leads to; `null`: there is none. */
  readonly from: ReleaseRef | null;
}

/** @throws SafeguardError HOST_NOT_AS_COMMITTED when a host lacks the release that it would be brought back to */
function assertCouldBeBroughtBack(host: string, seen: HostInspection, from: ReleaseRef | null): void {
  if (!from || seen.releases.some((release) => release.digest === from.digest)) return;
  throw new SafeguardError(
    'HOST_NOT_AS_COMMITTED',
    `${host} does not hold ${from.version}, so it could not be brought back to it.`,
  );
}

function keep(
  { records }: Dependencies,
  { application, environment, deploymentId }: Captured,
  host: string,
  seen: HostInspection,
): Promise<string> {
  return records.keepEvidence({ application, environment, deploymentId }, `capture-${host}`, seen);
}

/**
 * Keeps what was seen of every host beside the run's record, and insists that each could be brought back; none is kept when one could not.
 * @throws SafeguardError HOST_NOT_AS_COMMITTED, RUN_WAS_RESET
 */
export async function captureAll(
  dependencies: Dependencies,
  what: Captured & {
    readonly inspected: Inspected;
    /** See `assertNotReset`. */
    readonly grantedTo: string | undefined;
  },
): Promise<void> {
  assertNotReset(what.grantedTo);
  for (const [host, seen] of what.inspected) assertCouldBeBroughtBack(host, seen, what.from);
  await Promise.all(what.inspected.map(([host, seen]) => keep(dependencies, what, host, seen)));
}

/**
 * Looks at one host and captures it: what runs do whose plan did not. Answers where it is kept.
 * @throws SafeguardError HOST_NOT_AS_COMMITTED when it lacks the committed release
 */
export async function capture(dependencies: Dependencies, call: OnHost & Captured): Promise<string> {
  return withPulse(async (pulse) => {
    const { target } = addressed(dependencies, call);
    const { application, environment, host, from } = call;
    const seen = await dependencies.program.inspect(target, { application, environment }, options(pulse));
    assertCouldBeBroughtBack(host.name, seen, from);
    return keep(dependencies, call, host.name, seen);
  });
}
