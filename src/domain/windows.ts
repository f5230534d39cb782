/** When deployments are refused or allowed, by the calendar (spec S2). */
export interface WindowPolicy {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timezone: string;
  readonly freeze: readonly CalendarWindow[];
  /** Empty: always, but for freezes. */
  readonly allowed: readonly CalendarWindow[];
}

/** As in `safeguard.yaml`. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export type Weekday = (typeof WEEKDAYS)[number];

/** A day of the month, from 1; months without it have no such window. `last`: whichever day that is. */
export type MonthDay = number | 'last';

/** Begins on certain days, at a time of the day. */
interface Daily {
  /** `15:00`, as clocks of the zone show it. */
  readonly from: string;
  /** `24:00` is the end of the day. */
  readonly until: string;
  /** How many midnights lie between its beginning and the day on which it ends. */
  readonly nights: number;
}

/**
 * A span of time that comes once, or again and again. Times are those that clocks of the zone show; it ends just before `until`.
 * - `once`: `2026-12-20T18:00` until `2027-01-06T08:00`
 * - `yearly`: `12-20T00:00` until `01-06T24:00`
 * - `weekly`, `monthly`: on these days, at these times
 */
export type CalendarWindow = { readonly name: string } & (
  | { readonly kind: 'once' | 'yearly'; readonly from: string; readonly until: string }
  | ({ readonly kind: 'weekly'; readonly days: readonly Weekday[] } & Daily)
  | ({ readonly kind: 'monthly'; readonly days: readonly MonthDay[] } & Daily)
);

/** No window at all. */
export const ALWAYS: WindowPolicy = { timezone: 'UTC', freeze: [], allowed: [] };
