import type { Span } from './spans.js';
import { WEEKDAYS, type CalendarWindow, type MonthDay } from './windows.js';
import { momentOf, wallTimeAt, type WallTime } from './zoned-time.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The longest that a weekly or monthly window lasts, and some. */
const BACK_MS = 40 * DAY_MS;
/** How far the calendar is read: each window comes at least once in it. */
export const AHEAD_MS = 400 * DAY_MS;

/** From when until when, as clocks on the wall show it. */
interface WallSpan {
  readonly from: WallTime;
  readonly until: WallTime;
}

/** Minutes of a time such as `15:00`. */
export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** The last day of a month; months count from 0. */
function lastDay(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}

/** `2026-12-20T18:00`; `T24:00` is the next midnight. */
function wallOf(text: string): WallTime {
  const [date = '', time = ''] = text.split('T');
  return Date.parse(`${date}T00:00:00Z`) + minutesOf(time) * MINUTE_MS;
}

/** `12-20T18:00` in a year; February 29 is the 28th in years without one. */
function wallOfYear(year: number, text: string): WallTime {
  const [date = '', time = ''] = text.split('T');
  const [month = 1, day = 1] = date.split('-').map(Number);
  const really = Math.min(day, lastDay(year, month - 1));
  return Date.UTC(year, month - 1, really) + minutesOf(time) * MINUTE_MS;
}

function isOneOf(days: readonly MonthDay[], midnight: Date): boolean {
  const day = midnight.getUTCDate();
  const isLast = day === lastDay(midnight.getUTCFullYear(), midnight.getUTCMonth());
  return days.some((wanted) => (wanted === 'last' ? isLast : wanted === day));
}

function beginsOn(window: Extract<CalendarWindow, { kind: 'weekly' | 'monthly' }>, midnight: Date): boolean {
  if (window.kind === 'monthly') return isOneOf(window.days, midnight);
  // JavaScript's week begins on Sunday.
  const weekday = WEEKDAYS[(midnight.getUTCDay() + 6) % 7];
  return window.days.some((day) => day === weekday);
}

function daily(
  window: Extract<CalendarWindow, { kind: 'weekly' | 'monthly' }>,
  first: WallTime,
  last: WallTime,
): WallSpan[] {
  const spans: WallSpan[] = [];
  for (let midnight = Math.floor(first / DAY_MS) * DAY_MS; midnight <= last; midnight += DAY_MS) {
    if (!beginsOn(window, new Date(midnight))) continue;
    const from = midnight + minutesOf(window.from) * MINUTE_MS;
    spans.push({ from, until: midnight + window.nights * DAY_MS + minutesOf(window.until) * MINUTE_MS });
  }
  return spans;
}

function yearly(from: string, until: string, first: WallTime, last: WallTime): WallSpan[] {
  const spans: WallSpan[] = [];
  const lastYear = new Date(last).getUTCFullYear();
  for (let year = new Date(first).getUTCFullYear() - 1; year <= lastYear; year += 1) {
    const begins = wallOfYear(year, from);
    const ends = wallOfYear(year, until);
    spans.push({ from: begins, until: ends > begins ? ends : wallOfYear(year + 1, until) });
  }
  return spans;
}

function wallSpans(window: CalendarWindow, first: WallTime, last: WallTime): WallSpan[] {
  switch (window.kind) {
    case 'once':
      return [{ from: wallOf(window.from), until: wallOf(window.until) }];
    case 'yearly':
      return yearly(window.from, window.until, first, last);
    case 'weekly':
    case 'monthly':
      return daily(window, first, last);
  }
}

/**
 * When a window is, from some time before a moment until `AHEAD_MS` after it. Where clocks are set back, a time comes twice: a wide
 * window begins with the first and ends with the last of them, a narrow one the other way round.
 */
export function spansOf(
  window: CalendarWindow,
  zone: string,
  around: number,
  fit: 'wide' | 'narrow',
): readonly Span[] {
  const now = wallTimeAt(zone, around);
  const [opens, closes] = fit === 'wide' ? (['first', 'last'] as const) : (['last', 'first'] as const);
  return wallSpans(window, now - BACK_MS, now + AHEAD_MS).map(({ from, until }) => ({
    from: momentOf(zone, from, opens),
    until: momentOf(zone, until, closes),
  }));
}
