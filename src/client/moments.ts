import { DURATION_BOUNDS, secondsOf } from '../domain/duration.js';
import { SafeguardError } from '../domain/errors.js';
import { isCalendarDate, momentOf } from '../domain/zoned-time.js';

const LOCAL = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)$/;
const WITH_OFFSET = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A time that a person gave: `2h` from now, `2026-12-24T18:00` by the clocks of `zone`, or with an offset from UTC. ISO 8601, UTC.
 * `zone`: `null` when nobody knows which one is meant. `now`: milliseconds since 1970.
 * @throws SafeguardError REQUEST_INVALID
 */
export function parseMoment(text: string, zone: string | null, now: number): string {
  const span = secondsOf(text);
  if (span !== null) return new Date(now + span * 1000).toISOString();
  if (DATE.test(text)) throw withoutTime(text);
  if (/^\d{4}-\d\d-\d\d[T ]/.test(text)) assertDate(text.slice(0, 10));
  if (WITH_OFFSET.test(text)) return isoOf(Date.parse(text.replace(' ', 'T')), text);
  const [, date, time] = LOCAL.exec(text) ?? [];
  if (date === undefined || time === undefined) throw wrong(text);
  if (zone === null)
    throw refused(
      `The environments have different time zones: say ${date}T${time}Z, or +02:00 instead of Z.`,
    );
  const wall = Date.parse(`${date}T${time}:00Z`);
  return isoOf(Number.isNaN(wall) ? wall : momentOf(zone, wall, 'last'), text);
}

function isoOf(moment: number, text: string): string {
  if (Number.isNaN(moment)) throw wrong(text);
  return new Date(moment).toISOString();
}

function assertDate(date: string): void {
  if (!isCalendarDate(date)) throw refused(`${date} is no day of the calendar.`);
}

/** A date alone would be its beginning to the one, and its end to the other, as in the calendar of `windows`. */
function withoutTime(date: string): SafeguardError {
  assertDate(date);
  return refused(
    `${date} has no time of day; say ${date}T00:00 for its beginning, ${date}T24:00 for its end.`,
  );
}

function wrong(text: string): SafeguardError {
  return refused(
    `${JSON.stringify(text)} is no time; say 2026-12-24T18:00, 2026-12-24T18:00Z, or a duration from now such as 2h: ${DURATION_BOUNDS}.`,
  );
}

function refused(message: string): SafeguardError {
  return new SafeguardError('REQUEST_INVALID', message);
}
