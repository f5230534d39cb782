import { SafeguardError } from '../domain/errors.js';
import { describeRelease, type Release } from '../domain/release.js';
import { earlierReleases } from '../domain/ways-out.js';
import type { EnvironmentStatus } from '../workflows/messages.js';

function unknown(message: string): SafeguardError {
  return new SafeguardError('ROLLBACK_TARGET_UNKNOWN', message);
}

/**
 * What a rollback goes to, by the environment's memory: the release of that version, or the one committed before.
 * @throws SafeguardError ROLLBACK_TARGET_UNKNOWN with the versions that are known
 */
export function rollbackTarget(
  environment: string,
  status: EnvironmentStatus | null,
  to: string | undefined,
): Release {
  if (!status || status.releases.length === 0)
    throw unknown(`Nothing was committed on ${environment} yet; there is nothing to go back to.`);
  const known = status.releases.map(describeRelease).join(', ');
  const target =
    to === undefined ? earlierReleases(status)[0] : status.releases.find(({ version }) => version === to);
  if (target) return target;
  if (to === undefined) throw unknown(`${environment} remembers no release before ${known}.`);
  throw unknown(`${environment} does not remember ${JSON.stringify(to.slice(0, 60))}; known: ${known}.`);
}

/**
 * The components that a rollback is about; `null`: all.
 * @throws SafeguardError REQUEST_INVALID with the components that safeguard.yaml names
 */
export function chosenComponents(
  given: readonly string[],
  known: readonly string[],
): readonly string[] | null {
  const names = [...new Set(given)];
  if (names.length === 0 || (names.length === 1 && names[0] === 'all')) return null;
  if (names.includes('all'))
    throw new SafeguardError('REQUEST_INVALID', 'Say all, or name the components; not both.');
  const unheard = names.filter((name) => !known.includes(name));
  if (unheard.length === 0) return names;
  throw new SafeguardError(
    'REQUEST_INVALID',
    `There is no component ${unheard.map((name) => JSON.stringify(name)).join(', ')}; known: ${known.join(', ')}, or all of them: all.`,
  );
}
