import { auditStore, type AuditStore } from '../adapters/audit-store.js';
import type { Config } from '../config/load.js';
import { checkTrail, type CheckedTrail, type Remembered } from '../domain/audit-check.js';
import type { TrailPlace } from '../domain/audit.js';
import { statusIfAnswered, type EnvironmentStatus, type Place } from './environments.js';
import { isAway, withSession } from './session.js';
import type { GlobalOptions } from './options.js';

/** All trails of an environment, the oldest life first. */
export interface CheckedTrails {
  readonly trails: readonly CheckedTrail[];
  /** The life that the environment says it is in; `null`: it never lived, or nobody answered. */
  readonly present: string | null;
  /** Somebody answered for the environment, so that missing last lines are found. */
  readonly asked: boolean;
}

/** What the environment says of itself; `undefined` when neither a server nor a worker gives its word. */
function asked(options: GlobalOptions, place: Place): Promise<EnvironmentStatus | null | undefined> {
  return withSession(options, (session) => statusIfAnswered(session, place)).catch((error: unknown) => {
    // The trail can be read and checked without Temporal, just not against what the environment remembers.
    if (isAway(error)) return undefined;
    throw error;
  });
}

async function placesOf(store: AuditStore, place: Place, present: string | null): Promise<TrailPlace[]> {
  const lives = new Set([...(await store.lives(place)), ...(present === null ? [] : [present])]);
  return [...lives].map((incarnation) => ({ ...place, incarnation }));
}

function beginning({ lines }: CheckedTrail): string {
  return lines[0]?.at ?? '9';
}

/** Reads and checks every trail once, between two looks at what the environment remembers. */
async function look(store: AuditStore, place: Place, options: GlobalOptions): Promise<CheckedTrails> {
  const before = await asked(options, place);
  const present = before?.incarnation ?? null;
  const places = await placesOf(store, place, present);
  const read = await Promise.all(places.map((one) => store.read(one)));
  const after = before && (await asked(options, place));
  const remembered: Remembered | null =
    before && after?.incarnation === before.incarnation ? { before: before.audit, after: after.audit } : null;
  const trails = places.map((one, index) =>
    checkTrail(one, read[index] ?? [], one.incarnation === present ? remembered : null),
  );
  return {
    trails: trails.sort((a, b) => (beginning(a) < beginning(b) ? -1 : 1)),
    present,
    asked: before !== undefined,
  };
}

/**
 * The trails of an environment, checked. What looks wrong is looked at once more, since lines may be written meanwhile.
 * @throws SafeguardError AUDIT_NOT_WRITTEN when the store can't be read; SECRET_MISSING
 */
export async function checkedTrails(
  config: Config,
  place: Place,
  options: GlobalOptions,
): Promise<CheckedTrails> {
  const store = auditStore(config.audit);
  const first = await look(store, place, options);
  return first.trails.every(({ findings }) => findings.length === 0) ? first : look(store, place, options);
}

/** The trails as they lie there, without asking anybody. @throws as {@link checkedTrails} */
export async function storedTrails(config: Config, place: Place): Promise<CheckedTrail[]> {
  const store = auditStore(config.audit);
  const places = await placesOf(store, place, null);
  const trails = await Promise.all(places.map(async (one) => checkTrail(one, await store.read(one))));
  return trails.sort((a, b) => (beginning(a) < beginning(b) ? -1 : 1));
}
