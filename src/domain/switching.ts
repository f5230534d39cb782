import { isLine } from './request.js';
import {
  current,
  shortMoment,
  type Freeze,
  type Switch,
  type Switches,
  type SwitchWish,
} from './switches.js';

/** How many freezes an environment remembers. */
const MOST_FREEZES = 50;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/;
const FREEZE_ID = /^[a-z0-9][a-z0-9-]{0,39}$/;

function isMoment(text: unknown): text is string {
  return typeof text === 'string' && MOMENT.test(text) && !Number.isNaN(Date.parse(text));
}

function objectionToEnd(until: unknown, now: string): string | null {
  if (until === null) return null;
  if (!isMoment(until)) return 'until is a time in UTC such as 2026-12-24T18:00:00Z, or null.';
  return Date.parse(until) > Date.parse(now) ? null : `${shortMoment(until)} is over already.`;
}

function objectionToFreeze(
  { freezes }: Switches,
  { id, from, until }: { readonly id: unknown; readonly from: unknown; readonly until: unknown },
  now: string,
): string | null {
  if (typeof id !== 'string' || !FREEZE_ID.test(id))
    return 'The id of a freeze has lower-case letters, digits and dashes.';
  if (freezes.some((freeze) => freeze.id === id)) return `There is a freeze ${id} already.`;
  if (freezes.length >= MOST_FREEZES) return `There are ${MOST_FREEZES} freezes already; unfreeze some.`;
  if (!isMoment(from)) return 'from is a time in UTC such as 2026-12-24T18:00:00Z.';
  if (until === null) return 'A freeze says until when it lasts; to stop without an end, disable.';
  const objection = objectionToEnd(until, now);
  if (objection !== null) return objection;
  return isMoment(until) && Date.parse(from) < Date.parse(until) ? null : 'A freeze ends after it begins.';
}

/** Why a wish is refused, or `null`. Anybody may send any JSON as a wish. `now`: ISO 8601, UTC. */
export function objectionToSwitch(switches: Switches, wish: SwitchWish, now: string): string | null {
  const said = wish as Partial<Record<string, unknown>> | null | undefined;
  if (typeof said !== 'object' || said === null || !isLine(said['by']) || !isLine(said['reason']))
    return 'Say who and why, in one line each: {"by": "name", "reason": "why"}.';
  const { disabled, freezes } = current(switches, now);
  switch (wish.kind) {
    case 'disable':
    case 'pause':
      return objectionToEnd(wish.until, now);
    case 'enable':
      return disabled === null ? 'It is enabled; nobody disabled it.' : null;
    case 'resume':
      return null;
    case 'freeze':
      return objectionToFreeze(current(switches, now), wish, now);
    case 'unfreeze':
      return freezes.some(({ id }) => id === wish.id) ? null : unknownFreeze(freezes, wish.id);
    default:
      return 'A switch is to disable, enable, pause, resume, freeze or unfreeze.';
  }
}

function unknownFreeze(freezes: readonly Freeze[], id: unknown): string {
  const known = freezes.map((freeze) => freeze.id).join(', ') || 'none';
  return `There is no freeze ${JSON.stringify(id)}; there are: ${known}.`;
}

/** The same switch set again stays as it is, so that a command which is run again changes nothing. */
function setAgain(before: Switch | null, { by, reason, until }: Omit<Switch, 'at'>, at: string): Switch {
  const isSame = before?.by === by && before.reason === reason && before.until === until;
  return isSame ? before : { by, reason, at, until };
}

/** The switches after a wish that nothing is said against; what is over is forgotten. `now`: ISO 8601, UTC. */
export function switched(switches: Switches, wish: SwitchWish, now: string): Switches {
  const before = current(switches, now);
  const { by, reason } = wish;
  switch (wish.kind) {
    case 'disable':
      return { ...before, disabled: setAgain(before.disabled, { by, reason, until: wish.until }, now) };
    case 'enable':
      return { ...before, disabled: null };
    case 'pause':
      return { ...before, paused: setAgain(before.paused, { by, reason, until: wish.until }, now) };
    case 'resume':
      return { ...before, paused: null };
    case 'freeze': {
      const { id, from, until } = wish;
      return { ...before, freezes: [...before.freezes, { id, by, reason, at: now, from, until }] };
    }
    case 'unfreeze':
      return { ...before, freezes: before.freezes.filter(({ id }) => id !== wish.id) };
  }
}
