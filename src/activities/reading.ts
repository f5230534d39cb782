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
  const differences = [...wanted, ...extra];
  return { host, state: differences.length === 0 ? 'serves' : 'differs', differences };
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
  return [...other, ...idle, ...component.differences.map((difference) => `${name}: ${difference}`)];
}
