import type { HostInspection, ObservedComponent } from '../domain/host-protocol.js';
import type { ReleaseRef } from '../domain/manifest.js';
import type { HostReading } from '../domain/verdict.js';

/** What one host was seen to serve, compared with what it should. */
export function readingOf(
  host: string,
  seen: HostInspection,
  release: ReleaseRef | null,
  components: readonly string[],
): HostReading {
  const wanted = components.flatMap((name) => differencesOf(name, seen.components[name], release));
  const extra = Object.entries(seen.components).flatMap(([name, component]) =>
    components.includes(name) || component.digest === null
      ? []
      : [`${name} of ${component.version ?? 'another release'} is still served`],
  );
  const differences = told([...wanted, ...extra]);
  return { host, state: differences.length === 0 ? 'serves' : 'differs', differences };
}

/** Readings go through histories and records: a host that names thousands of components has differed with the first. */
const TOLD_DIFFERENCES = 20;

function told(differences: readonly string[]): string[] {
  const more = differences.length - TOLD_DIFFERENCES;
  return more <= 0 ? [...differences] : [...differences.slice(0, TOLD_DIFFERENCES), `and ${more} more`];
}

/** The reading of a host that must have committed the release too: one that has not would serve another after its next boot. */
export function withCommitted(
  reading: HostReading,
  seen: HostInspection,
  release: ReleaseRef | null,
): HostReading {
  if (seen.committed === (release?.digest ?? null) && seen.intent === null) return reading;
  const held = seen.committed === null ? 'nothing' : (seen.committedVersion ?? seen.committed.slice(0, 8));
  const open = seen.intent === null ? '' : `, with a change of ${seen.intent.run} under way`;
  const difference = `${held} is committed there${open}`;
  return { ...reading, state: 'differs', differences: [...reading.differences, difference] };
}

/** A host names the component itself where it speaks of files. */
function ofComponent(name: string, difference: string): string {
  return difference.startsWith(`${name}: `) ? difference : `${name}: ${difference}`;
}

function differencesOf(
  name: string,
  component: ObservedComponent | undefined,
  release: ReleaseRef | null,
): string[] {
  if (!component?.digest) return [`${name} is not served`];
  const other =
    component.digest === release?.digest
      ? []
      : [`${name} serves ${component.version ?? component.digest.slice(0, 8)}`];
  const idle = component.state === 'active' ? [] : [`${name} is ${component.state}`];
  const told = component.differences.map((difference) => ofComponent(name, difference));
  return [...other, ...idle, ...told];
}

/** The state file is a note for people; one that says something else misleads them. */
export function stateFileDifferences(seen: HostInspection, committed: ReleaseRef | null): string[] {
  const noted = seen.state?.current_version ?? null;
  const expected = committed?.version ?? null;
  return noted === expected
    ? []
    : [`its state file says ${noted ?? 'nothing'}, not ${expected ?? 'nothing'}`];
}
