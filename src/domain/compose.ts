import type { Manifest } from './manifest.js';
export function composeManifest(present: Manifest, _t: Manifest, _c: readonly string[]): Manifest {
  return present;
}
