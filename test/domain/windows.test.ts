import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spansOf } from '../../src/domain/calendar.js';
import { holdOf } from '../../src/domain/holds.js';
import { contains, merged } from '../../src/domain/spans.js';
import { NOTHING_SWITCHED } from '../../src/domain/switches.js';
import {
  WEEKDAYS,
  type CalendarWindow,
  type MonthDay,
  type Weekday,
  type WindowPolicy,
} from '../../src/domain/windows.js';
import { momentOf, shownIn, wallTimeAt } from '../../src/domain/zoned-time.js';

const BERLIN = 'Europe/Berlin';
const at = (iso: string): number => Date.parse(iso);

function frozen(window: CalendarWindow, zone = BERLIN): WindowPolicy {
  return { timezone: zone, freeze: [window], allowed: [] };
}

function allowed(window: CalendarWindow, zone = BERLIN): WindowPolicy {
  return { timezone: zone, freeze: [], allowed: [window] };
}

function hold(windows: WindowPolicy, iso: string) {
  return holdOf(NOTHING_SWITCHED, windows, at(iso));
}

function weekly(days: readonly Weekday[], from: string, until: string, nights = 0): CalendarWindow {
  return { name: 'window', kind: 'weekly', days, from, until, nights };
}

const WEEKEND = weekly(['fri'], '18:00', '06:00', 3);

describe('a window is what clocks of its zone show', () => {
  test.each([
    ['before it begins', '2026-11-20T16:59:59.999Z', null],
    ['at its first moment', '2026-11-20T17:00:00Z', '2026-11-23T05:00:00.000Z'],
    ['on the day in between', '2026-11-21T12:00:00Z', '2026-11-23T05:00:00.000Z'],
    ['at its last moment', '2026-11-23T04:59:59.999Z', '2026-11-23T05:00:00.000Z'],
    ['when it is over', '2026-11-23T05:00:00Z', null],
    ['in summer, an hour earlier', '2026-07-03T16:00:00Z', '2026-07-06T04:00:00.000Z'],
  ])('over the weekend: %s', (_when, now, until) => {
    expect(hold(frozen(WEEKEND), now)?.until ?? null).toBe(until);
  });

  test('it says which one holds, and until when in its own zone', () => {
    expect(hold(frozen({ ...WEEKEND, name: 'weekend' }), '2026-11-21T12:00:00Z')).toEqual({
      kind: 'window',
      sentence: 'frozen by its calendar (weekend) until 2026-11-23 06:00 Europe/Berlin',
      until: '2026-11-23T05:00:00.000Z',
    });
    expect(hold(allowed(weekly(WEEKDAYS, '09:00', '16:00')), '2026-11-21T20:00:00Z')).toMatchObject({
      sentence: 'outside of its allowed times (window) until 2026-11-22 09:00 Europe/Berlin',
    });
  });

  test.each<[string, CalendarWindow, string, string | null]>([
    ['once', { name: 'w', kind: 'once', from: '2026-12-20T18:00', until: '2027-01-06T08:00' }, '2026-12-31T00:00:00Z', '2027-01-06T07:00:00.000Z'],
    ['yearly, over the new year', { name: 'w', kind: 'yearly', from: '12-20T00:00', until: '01-06T24:00' }, '2031-01-02T00:00:00Z', '2031-01-06T23:00:00.000Z'],
    ['yearly, the leap day in a year without', { name: 'w', kind: 'yearly', from: '02-29T00:00', until: '02-29T24:00' }, '2027-02-28T12:00:00Z', '2027-02-28T23:00:00.000Z'],
    ['yearly, the leap day', { name: 'w', kind: 'yearly', from: '02-29T00:00', until: '02-29T24:00' }, '2028-02-28T12:00:00Z', null],
    ['monthly', { name: 'w', kind: 'monthly', days: [1, 15], from: '00:00', until: '24:00', nights: 0 }, '2026-11-15T12:00:00Z', '2026-11-15T23:00:00.000Z'],
    ['monthly, its last night', { name: 'w', kind: 'monthly', days: ['last'], from: '22:00', until: '04:00', nights: 1 }, '2026-12-01T01:00:00Z', '2026-12-01T03:00:00.000Z'],
    ['monthly, a day that November has not', { name: 'w', kind: 'monthly', days: [31], from: '00:00', until: '24:00', nights: 0 }, '2026-11-30T23:30:00Z', null],
  ])('%s', (_name, window, now, until) => {
    expect(hold(frozen(window), now)?.until ?? null).toBe(until);
  }); // prettier-ignore
});

describe('clocks that are set', () => {
  test('forward: a time that never comes is the moment at which they are', () => {
    const night = weekly(['sun'], '02:30', '05:00');
    expect(hold(frozen(night), '2026-03-29T00:59:59Z')).toBeNull();
    expect(hold(frozen(night), '2026-03-29T01:00:00Z')?.until).toBe('2026-03-29T03:00:00.000Z');
  });

  test('forward: what would lie in the hour that never comes is nothing', () => {
    const night = weekly(['sun'], '02:15', '02:45');
    for (const now of ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'])
      expect(hold(frozen(night), now)).toBeNull();
  });

  test('back: a freeze holds from the first until the second time', () => {
    const night = weekly(['sun'], '02:15', '02:45');
    expect(hold(frozen(night), '2026-10-25T00:14:59Z')).toBeNull();
    expect(hold(frozen(night), '2026-10-25T00:15:00Z')?.until).toBe('2026-10-25T01:45:00.000Z');
  });

  test('back: nobody is let in by a time that may be the other one', () => {
    const night = weekly(['sun'], '02:30', '04:00');
    expect(hold(allowed(night), '2026-10-25T00:30:00Z')?.until).toBe('2026-10-25T01:30:00.000Z');
    expect(hold(allowed(night), '2026-10-25T01:30:00Z')).toBeNull();
  });

  test('at midnight, as in Beirut: the day begins at one', () => {
    const day = weekly(['sun'], '00:00', '24:00');
    expect(hold(frozen(day, 'Asia/Beirut'), '2026-03-28T21:59:59Z')).toBeNull();
    expect(hold(frozen(day, 'Asia/Beirut'), '2026-03-28T22:00:00Z')?.until).toBe('2026-03-29T21:00:00.000Z');
  });

  test('by a whole day, as in Samoa: the day that was left out holds nobody', () => {
    const day: CalendarWindow = {
      name: 'w',
      kind: 'once',
      from: '2011-12-30T00:00',
      until: '2011-12-30T24:00',
    };
    for (const now of ['2011-12-30T09:59:59Z', '2011-12-30T10:00:00Z'])
      expect(hold(frozen(day, 'Pacific/Apia'), now)).toBeNull();
  });
});

const ZONES = [
  BERLIN,
  'UTC',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Asia/Beirut',
  'Pacific/Apia',
];
const zones = fc.constantFrom(...ZONES);
/** From 2025 to 2028, the nights at which clocks are set more often than others. */
const moments = fc.oneof(
  fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-12-31T00:00:00Z') }),
  fc
    .tuple(
      fc.constantFrom('2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z', '2026-04-04T15:00:00Z', '2026-03-28T22:00:00Z'),
      fc.integer({ min: -7_200_000, max: 7_200_000 }),
    )
    .map(([night, ms]) => at(night) + ms),
); // prettier-ignore
const times = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 45))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const dates = fc
  .date({ min: new Date('2025-01-01'), max: new Date('2028-12-30'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

const daily = fc.tuple(times, times, fc.integer({ min: 0, max: 2 })).map(([from, until, more]) => ({
  from,
  until,
  nights: until <= from ? 1 + more : more,
}));
const windows: fc.Arbitrary<CalendarWindow> = fc.oneof(
  fc
    .tuple(fc.subarray([...WEEKDAYS], { minLength: 1 }), daily)
    .map(([days, times]): CalendarWindow => ({ name: 'weekly', kind: 'weekly', days, ...times })),
  fc
    .tuple(
      fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant<MonthDay>('last')), { minLength: 1, maxLength: 3 }),
      daily,
    )
    .map(([days, times]): CalendarWindow => ({ name: 'monthly', kind: 'monthly', days, ...times })),
  fc
    .tuple(dates, times, dates, times)
    .map(([from, first, until, last]): CalendarWindow => ({
      name: 'yearly',
      kind: 'yearly',
      from: `${from.slice(5)}T${first}`,
      until: `${until.slice(5)}T${last}`,
    })),
  fc
    .tuple(dates, times, dates, times)
    .map(([one, first, other, last]) => [`${one}T${first}`, `${other}T${last}`].sort())
    .map(([from = '', until = '']): CalendarWindow => ({ name: 'once', kind: 'once', from, until })),
); // prettier-ignore
const calendars: fc.Arbitrary<WindowPolicy> = fc.record({
  timezone: zones,
  freeze: fc.array(windows, { maxLength: 3 }),
  allowed: fc.array(windows, { maxLength: 2 }),
});

describe('for any calendar', () => {
  test('`until` is the first moment at which nothing holds any more', () => {
    fc.assert(
      fc.property(calendars, moments, fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), (calendar, now, between) => {
        const found = holdOf(NOTHING_SWITCHED, calendar, now);
        if (found?.until == null) return;
        const end = at(found.until);
        expect(end).toBeGreaterThan(now);
        expect(holdOf(NOTHING_SWITCHED, calendar, end)).toBeNull();
        for (const part of [...between, 0.999999]) {
          const moment = Math.min(end - 1, now + Math.floor((end - now) * part));
          expect(holdOf(NOTHING_SWITCHED, calendar, moment)?.until).toBe(found.until);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000); // prettier-ignore

  test('a moment is allowed exactly when an allowed window has it and no freeze does', () => {
    fc.assert(
      fc.property(calendars, moments, (calendar, now) => {
        const { timezone, freeze } = calendar;
        const isIn = (window: CalendarWindow, fit: 'wide' | 'narrow') =>
          spansOf(window, timezone, now, fit).some((span) => contains(span, now));
        const isFrozen = freeze.some((window) => isIn(window, 'wide'));
        const isAllowed =
          calendar.allowed.length === 0 || calendar.allowed.some((window) => isIn(window, 'narrow'));
        expect(holdOf(NOTHING_SWITCHED, calendar, now) === null).toBe(isAllowed && !isFrozen);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test('away from nights at which clocks are set, a window is exactly what the clock on the wall says', () => {
    fc.assert(
      fc.property(
        zones,
        fc.subarray([...WEEKDAYS]),
        times,
        times,
        moments,
        (zone, days, from, until, now) => {
          fc.pre(from < until);
          const shown = shownIn(zone, now);
          const around = [-1, 1].map((sign) => wallTimeAt(zone, now + sign * 86_400_000) - sign * 86_400_000);
          fc.pre(around.every((wall) => wall === wallTimeAt(zone, now)));
          const weekday = WEEKDAYS[(new Date(`${shown.slice(0, 10)}T00:00:00Z`).getUTCDay() + 6) % 7];
          const time = shown.slice(11);
          const isIn = days.some((day) => day === weekday) && from <= time && time < until;
          expect(holdOf(NOTHING_SWITCHED, frozen(weekly(days, from, until), zone), now) !== null).toBe(isIn);
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});

test('the moment of what a clock shows is that moment again, but for the hours that come twice', () => {
  fc.assert(
    fc.property(zones, moments, (zone, moment) => {
      const wall = wallTimeAt(zone, moment);
      const found = [momentOf(zone, wall, 'first'), momentOf(zone, wall, 'last')];
      expect(found).toContain(moment);
      for (const one of found) expect(wallTimeAt(zone, one)).toBe(wall);
    }),
  );
});

test('spans that touch or overlap are one', () => {
  expect(merged([{ from: 5, until: 7 }, { from: 1, until: 3 }, { from: 3, until: 4 }, { from: 9, until: 9 }])).toEqual([
    { from: 1, until: 4 },
    { from: 5, until: 7 },
  ]); // prettier-ignore
});
