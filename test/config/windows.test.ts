import { describe, expect, test } from '@jest/globals';
import { environmentOf } from '../../src/config/load.js';
import { changed, complaint, FILE, parsed } from './fixture.js';

const PLACE = '    retries: { tries: 5, delay: 2m }';

/** The configuration with windows for `staging`. */
function withWindows(windows: string): string {
  return changed(PLACE, `${PLACE}\n    windows:\n${windows}`);
}

function freezeOf(window: string): unknown {
  const text = withWindows(`      freeze:\n        - { name: w, ${window} }`);
  return environmentOf(parsed(text), 'staging').policy.windows.freeze[0];
}

test('without windows, deployments are always let in', () => {
  expect(environmentOf(parsed(), 'staging').policy.windows).toEqual({
    timezone: 'UTC',
    freeze: [],
    allowed: [],
  });
});

test('freezes, allowed times and their zone', () => {
  const text = withWindows(
    "      timezone: Europe/Berlin\n      allowed: [{ name: office, days: [mon, fri], from: '09:00', until: '15:00' }]",
  );
  expect(environmentOf(parsed(text), 'staging').policy.windows).toEqual({
    timezone: 'Europe/Berlin',
    freeze: [],
    allowed: [
      { name: 'office', kind: 'weekly', days: ['mon', 'fri'], from: '09:00', until: '15:00', nights: 0 },
    ],
  });
});

describe('a window', () => {
  test.each<[string, string, object]>([
    ['once', 'from: 2026-12-20T18:00, until: 2027-01-06T08:00', { kind: 'once', from: '2026-12-20T18:00', until: '2027-01-06T08:00' }],
    ['once, whole days', 'from: 2026-12-24, until: 2026-12-26', { kind: 'once', from: '2026-12-24T00:00', until: '2026-12-26T24:00' }],
    ['each year', 'from: 12-20, until: 01-06', { kind: 'yearly', from: '12-20T00:00', until: '01-06T24:00' }],
    ['each year, one day', 'from: 12-24, until: 12-24', { kind: 'yearly', from: '12-24T00:00', until: '12-24T24:00' }],
    ['whole days of the week', 'days: [sat, sun]', { kind: 'weekly', days: ['sat', 'sun'], from: '00:00', until: '24:00', nights: 0 }],
    ['over midnight', "days: [fri], from: '22:00', until: '06:00'", { kind: 'weekly', days: ['fri'], from: '22:00', until: '06:00', nights: 1 }],
    ['through the week', 'from: fri 18:00, until: mon 06:00', { kind: 'weekly', days: ['fri'], from: '18:00', until: '06:00', nights: 3 }],
    ['through nearly all of it', 'from: fri 18:00, until: fri 06:00', { kind: 'weekly', days: ['fri'], from: '18:00', until: '06:00', nights: 7 }],
    ['days of the month', 'days: [1, 15, last]', { kind: 'monthly', days: [1, 15, 'last'], from: '00:00', until: '24:00', nights: 0 }],
  ])('%s', (_name, window, wanted) => {
    expect(freezeOf(window)).toEqual({ name: 'w', ...wanted });
  }); // prettier-ignore

  test.each([
    ['a day that is none', 'from: 02-30, until: 03-01', 'freeze.0.from: expected from and until of the same form'],
    ['an hour that is none', "days: [fri], from: '25:00', until: '26:00'", "freeze.0.from: expected a time of the day such as '15:00'"],
    ['two forms', 'from: 2026-12-20, until: 01-06', 'freeze.0.until: expected from and until of the same form'],
    ['an end before the beginning', 'from: 2026-12-20T18:00, until: 2026-12-20T08:00', 'freeze.0.until: expected a time after from'],
    ['no end', 'from: 2026-12-20T18:00', 'freeze.0.until: expected from and until of the same form'],
    ['nothing', "reason: 'x'", 'freeze.0.reason: is no key that is known here'],
    ['days of week and month', 'days: [fri, 1]', 'freeze.0.days: expected days of the week such as [fri, sat], or of the month'],
    ['a week that never ends', 'from: fri 18:00, until: fri 18:00', 'freeze.0.until: expected another time than from'],
    ['no name', "name: ''", 'expected a name'],
  ])('is refused at its place: %s', (_name, window, sentence) => {
    const name = window.startsWith('name') ? '' : 'name: w, ';
    const said = complaint(withWindows(`      freeze:\n        - { ${name}${window} }`));
    expect(said).toContain(sentence);
    expect(said).toMatch(new RegExp(`^${FILE}:54:\\d+ `));
  }); // prettier-ignore
});

test('a time zone that nobody knows is refused', () => {
  for (const zone of ['Europe/Berln', "'+02:00'", 'CEST+1'])
    expect(complaint(withWindows(`      timezone: ${zone}`))).toContain(
      'windows.timezone: expected a time zone by its IANA name, such as Europe/Berlin',
    );
});
