import { z } from 'zod';
import { minutesOf } from '../domain/calendar.js';
import { WEEKDAYS, type CalendarWindow, type MonthDay, type Weekday } from '../domain/windows.js';
import { isCalendarDate, isTimeZone } from '../domain/zoned-time.js';

const TIME = '([01]\\d|2[0-3]):[0-5]\\d|24:00';
const YEAR_DATE = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])';
const DATE = '(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])';
const ONE_TIME = new RegExp(`^(${TIME})$`);
const ONCE = new RegExp(`^${YEAR_DATE}(T(${TIME}))?$`);
const YEARLY = new RegExp(`^${DATE}(T(${TIME}))?$`);
const WEEKLY = new RegExp(`^(${WEEKDAYS.join('|')}) (${TIME})$`);

const FORMS =
  "expected from and until of the same form: 2026-12-20T18:00 (once), 12-20 (each year), fri 18:00 (each week), or, with days, '15:00'";
const DAYS = 'expected days of the week such as [fri, sat], or of the month such as [1, 15, last]';

const days = z.union(
  [z.array(z.enum(WEEKDAYS)).min(1), z.array(z.union([z.literal('last'), z.int().min(1).max(31)])).min(1)],
  { error: DAYS },
);

const section = z.strictObject({
  name: z.string().regex(/^[^\p{Cc}]{1,100}$/u, 'expected a name, so that people know which window it is'),
  days: days.optional(),
  from: z.string({ error: FORMS }).optional(),
  until: z.string({ error: FORMS }).optional(),
});

type Section = z.output<typeof section>;

/** A window, or the place and the sentence that say what is wrong with it. */
type Read = CalendarWindow | { readonly at: 'days' | 'from' | 'until'; readonly wrong: string };

/** A date of the form that is in the calendar, too. */
function isDay(text: string, form: RegExp): boolean {
  if (!form.test(text)) return false;
  const [date = ''] = text.split('T');
  // A leap year has every day that a year can have.
  return isCalendarDate(form === YEARLY ? `2028-${date}` : date);
}

/** A date without a time is the whole day. */
function whole(text: string, time: '00:00' | '24:00'): string {
  return text.includes('T') ? text : `${text}T${time}`;
}

function dated(name: string, kind: 'once' | 'yearly', from: string, until: string): Read {
  const form = kind === 'once' ? ONCE : YEARLY;
  if (!isDay(from, form)) return { at: 'from', wrong: FORMS };
  if (!isDay(until, form)) return { at: 'until', wrong: FORMS };
  const span = { from: whole(from, '00:00'), until: whole(until, '24:00') };
  if (span.from === span.until) return { at: 'until', wrong: 'expected a time after from' };
  if (kind === 'once' && span.from > span.until) return { at: 'until', wrong: 'expected a time after from' };
  return { name, kind, ...span };
}

function onDays(
  { name, from = '00:00', until = '24:00' }: Section,
  on: readonly Weekday[] | readonly MonthDay[],
): Read {
  if (!ONE_TIME.test(from) || from === '24:00')
    return { at: 'from', wrong: "expected a time of the day such as '15:00'" };
  if (!ONE_TIME.test(until)) return { at: 'until', wrong: "expected a time of the day such as '15:00'" };
  const nights = minutesOf(until) <= minutesOf(from) ? 1 : 0;
  const times = { from, until, nights };
  return on.every((day): day is Weekday => WEEKDAYS.some((known) => known === day))
    ? { name, kind: 'weekly', days: on, ...times }
    : { name, kind: 'monthly', days: on, ...times };
}

/** From one time of the week until another, such as from `fri 18:00` until `mon 06:00`. */
function throughWeek(name: string, from: string, until: string): Read {
  if (!WEEKLY.test(from)) return { at: 'from', wrong: FORMS };
  if (!WEEKLY.test(until)) return { at: 'until', wrong: FORMS };
  const [firstDay = '', first = ''] = from.split(' ');
  const [lastDay = '', last = ''] = until.split(' ');
  const [begins, ends] = [firstDay, lastDay].map((day) => WEEKDAYS.findIndex((known) => known === day));
  if (begins === undefined || ends === undefined) return { at: 'from', wrong: FORMS };
  const between = (ends - begins + 7) % 7;
  if (from === until) return { at: 'until', wrong: 'expected another time than from' };
  const nights = between === 0 && minutesOf(last) <= minutesOf(first) ? 7 : between;
  const on = WEEKDAYS.filter((_, index) => index === begins);
  return { name, kind: 'weekly', days: on, from: first, until: last, nights };
}

function read(said: Section): Read {
  const { name, days: on, from, until } = said;
  if (on !== undefined) return onDays(said, on);
  if (from === undefined) return { at: 'from', wrong: FORMS };
  if (until === undefined) return { at: 'until', wrong: FORMS };
  if (/^[a-z]/.test(from)) return throughWeek(name, from, until);
  return dated(name, /^\d{4}/.test(from) ? 'once' : 'yearly', from, until);
}

const calendarWindow = section.transform((said, context): CalendarWindow => {
  const found = read(said);
  if (!('wrong' in found)) return found;
  context.addIssue({ code: 'custom', message: found.wrong, path: [found.at] });
  return z.NEVER;
});

/** Times without deployments, and the only times with them. */
export const windowsSection = z
  .strictObject({
    timezone: z
      .string()
      .refine(isTimeZone, 'expected a time zone by its IANA name, such as Europe/Berlin')
      .optional(),
    freeze: z.array(calendarWindow).optional(),
    allowed: z.array(calendarWindow).optional(),
  })
  .default({});
