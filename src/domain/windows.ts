/** When deployments are refused or allowed, by the calendar (spec S2). */
export interface WindowPolicy {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timezone: string;
  readonly freeze: readonly CalendarWindow[];
  /** Empty: always, but for freezes. */
  readonly allowed: readonly CalendarWindow[];
}

/** A span of time that comes once, or again and again. */
export interface CalendarWindow {
  readonly name: string;
}

/** No window at all. */
export const ALWAYS: WindowPolicy = { timezone: 'UTC', freeze: [], allowed: [] };
