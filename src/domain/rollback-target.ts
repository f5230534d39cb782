import type { EnvironmentState } from './environment-state.js';
import { SafeguardError } from './errors.js';
import { describeRelease, type Release } from './release.js';
import { earlierReleases } from './ways-out.js';

/**
 * The release that a rollback goes to: the newest remembered one of that version, or, where none is named, the one that was
 * committed before the present one.
 * @throws SafeguardError ROLLBACK_TARGET_UNKNOWN
 */
export function chooseTarget(
  state: Pick<EnvironmentState, 'committed' | 'releases'>,
  version: string | null,
): Release {
  const earlier = earlierReleases(state);
  const found = version === null ? earlier[0] : earlier.find((release) => release.version === version);
  if (found) return found;
  const wish = version ?? 'an earlier release';
  const known = earlier.map(describeRelease).join(', ') || 'none';
  throw new SafeguardError(
    'ROLLBACK_TARGET_UNKNOWN',
    `There is no way back to ${wish}: committed before ${describeRelease(state.committed)}: ${known}.`,
  );
}
