import type { Check } from './check.js';
import type { ReleaseRef, SchemaManifest } from './manifest.js';

/** What a run must know of a release: its identity, its parts in the order they are put in place, its checks. */
export interface Release extends ReleaseRef {
  readonly gitSha: string | null;
  readonly components: readonly ReleaseComponent[];
  readonly schema: SchemaManifest | null;
  /** In a composite release: the release that has its migrations; no directory of a runner has the composite itself. */
  readonly migrationsOf?: ReleaseRef;
  readonly checks: readonly Check[];
}

/** A component, and how to see that it is ready: an `http` check that is polled after it was started. */
export interface ReleaseComponent {
  readonly name: string;
  readonly kind: 'systemd' | 'static';
  /** The systemd unit that must run for it. */
  readonly unit: string;
  readonly ready: { readonly port: number; readonly path: string; readonly timeoutSeconds: number };
  /** In a composite release: the version that it was released as. */
  readonly version?: string;
}

/** How long all components together may take to become ready, in seconds. */
export function readySeconds(release: Release | null): number {
  return (release?.components ?? []).reduce((sum, { ready }) => sum + ready.timeoutSeconds, 0);
}

/** `2.0.0 (1f3a…)`: name and the start of the identity. */
export function describeRelease(release: ReleaseRef | null): string {
  return release === null ? 'nothing' : `${release.version} (${release.digest.slice(0, 8)})`;
}
