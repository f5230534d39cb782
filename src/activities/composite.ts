import type { EnvironmentConfig } from '../config/load.js';
import { releaseChecks } from '../config/checks.js';
import { composeManifest } from '../domain/compose.js';
import type { EnvironmentState } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { Manifest } from '../domain/manifest.js';
import type { RecoveryPlan } from '../domain/recovery.js';
import type { Release, ReleaseComponent } from '../domain/release.js';
import { manifestDigest } from '../adapters/release-directory.js';
import type { Inspected } from './hosts-of.js';

interface Wanted {
  readonly state: Pick<EnvironmentState, 'committed'>;
  readonly target: Release;
  /** Components that go back. */
  readonly components: readonly string[];
  readonly inspected: Inspected;
}

/** A release's manifest as hosts that have it whole say it; a manifest is its digest, so any of them will do. */
function manifestOf({ digest, version }: Release, inspected: Inspected): Manifest {
  const found = inspected
    .map(([, seen]) => seen.manifests?.[digest])
    .find((manifest) => manifest !== undefined);
  if (found) return found;
  throw new SafeguardError(
    'ROLLBACK_TARGET_MISSING',
    `No host that answers holds release ${version} whole, so nothing can be taken from it.`,
  );
}

/** The parts of both releases as they were released. */
function partsOf(present: Release, target: Release, back: readonly string[]): ReleaseComponent[] {
  return present.components.map((part) => {
    const from = back.includes(part.name) ? target : present;
    const own = from.components.find(({ name }) => name === part.name) ?? part;
    return { ...own, version: own.version ?? from.version };
  });
}

/**
 * The release in which some components are those of `target` and all others stay as they are; and how hosts make it from what
 * lies on them.
 * @throws SafeguardError ROLLBACK_TARGET_UNKNOWN, ROLLBACK_TARGET_MISSING, SCHEMA_NOT_TOLERATED
 */
export function composite(
  environment: EnvironmentConfig,
  { state: { committed }, target, components, inspected }: Wanted,
): Pick<RecoveryPlan, 'to' | 'compose'> {
  if (committed === null)
    throw new SafeguardError('ROLLBACK_TARGET_UNKNOWN', 'Nothing serves, so no component of it can go back.');
  const manifest = composeManifest(
    manifestOf(committed, inspected),
    manifestOf(target, inspected),
    components,
  );
  const parts = partsOf(committed, target, components);
  const sources = Object.keys(manifest.components).map((name) => [
    name,
    components.includes(name) ? target.digest : committed.digest,
  ]);
  const versions = new Map(parts.map(({ name, version }) => [name, version ?? manifest.version]));
  const schema = manifest.schema ?? null;
  const to: Release = {
    version: manifest.version,
    digest: manifestDigest(manifest),
    gitSha: null,
    components: parts,
    schema,
    migrationsOf: committed.migrationsOf ?? { version: committed.version, digest: committed.digest },
    checks: releaseChecks(environment, (name) => versions.get(name) ?? manifest.version, schema),
  };
  return { to, compose: { manifest, sources: Object.fromEntries(sources) as Record<string, string> } };
}
