/** What a clock on the wall shows, as the milliseconds at which a clock in UTC shows the same. No moment by itself. */
export type WallTime = number;

/** Whether a date such as `2026-02-28` is in the calendar; a `Date` would silently take February 30 for a day of March. */
export function isCalendarDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

const MINUTE_MS = 60_000;
/** Farther than any zone is from UTC, nearer than any zone changes twice. */
const APART_MS = 30 * 60 * MINUTE_MS;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(zone, made);
  return made;
}

/** True for a time zone that this machine knows by its IANA name. */
export function isTimeZone(zone: string): boolean {
  // Node also knows offsets such as +02:00, which know nothing of summer.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    formatterOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What clocks of a zone show at a moment. */
export function wallTimeAt(zone: string, moment: number): WallTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(moment)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const withinSecond = ((moment % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) + withinSecond;
}

function offsetAt(zone: string, moment: number): number {
  return wallTimeAt(zone, moment) - moment;
}

/**
 * The moment at which clocks of a zone show a time. Where clocks are set back they show it twice: `last` says which moment is
 * meant. Where clocks are set forward they never do: then it is the moment at which they are set, the first that shows a later time.
 */
export function momentOf(zone: string, wall: WallTime, which: 'first' | 'last'): number {
  const before = offsetAt(zone, wall - APART_MS);
  const after = offsetAt(zone, wall + APART_MS);
  const moments = [wall - before, wall - after].filter((moment) => wallTimeAt(zone, moment) === wall);
  if (moments.length === 0) return firstAtOrAfter(zone, wall, wall - after, wall - before);
  return which === 'first' ? Math.min(...moments) : Math.max(...moments);
}

/** The moment in between at which clocks are set forward; `low` is before it, `high` is not. */
function firstAtOrAfter(zone: string, wall: WallTime, low: number, high: number): number {
  let [early, late] = [Math.min(low, high), Math.max(low, high)];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (wallTimeAt(zone, middle) >= wall) late = middle;
    else early = middle;
  }
  return late;
}

/** `2026-11-23 06:00` of a moment, as clocks of the zone show it. */
export function shownIn(zone: string, moment: number): string {
  return new Date(wallTimeAt(zone, moment)).toISOString().slice(0, 16).replace('T', ' ');
}
