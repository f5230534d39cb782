import type { EnvironmentState } from './environment-state.js';
import { describeRelease, type Release } from './release.js';

/** What a person can do about a quarantine. */
export interface WayOut {
  /** A command line to copy; `…` is where the reason goes. */
  readonly command: string;
  /** What it does, in a few words. */
  readonly does: string;
}

/** The releases that a rollback can go to, newest first: all that are remembered but the one that serves. */
export function earlierReleases({
  releases,
  committed,
}: Pick<EnvironmentState, 'releases' | 'committed'>): readonly Release[] {
  return releases.filter(({ digest }) => digest !== committed?.digest);
}

/** The command that counts an evicted host in again. */
export function wayBackIn(environment: string, host: string): string {
  return `safeguard host rejoin ${environment} ${host} --reason '…' --follow`;
}

/** The ways out of a quarantine, the mildest first. */
export function waysOut(environment: string, state: EnvironmentState): readonly WayOut[] {
  const said = `--reason '…'`;
  const [earlier] = earlierReleases(state);
  const lost = (state.quarantine?.lost ?? []).filter((host) => !Object.hasOwn(state.evicted, host));
  return [
    {
      command: `safeguard converge ${environment} ${said} --follow`,
      does: `bring every host to ${describeRelease(state.committed)} now`,
    },
    ...(earlier === undefined
      ? []
      : [
          {
            command: `safeguard rollback ${environment} --to ${earlier.version} ${said} --follow`,
            does: `bring every host to ${describeRelease(earlier)}`,
          },
        ]),
    ...lost.map((host) => ({
      command: `safeguard host evict ${environment} ${host} ${said}`,
      does: `go on without ${host}`,
    })),
    {
      command: `safeguard resolve ${environment} ${said}`,
      does: 'lift it, if a look at every host finds one release',
    },
  ];
}
