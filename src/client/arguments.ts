import { InvalidArgumentError } from 'commander';
import { DURATION_BOUNDS, secondsOf } from '../domain/duration.js';
import { isCalendarDate } from '../domain/zoned-time.js';

/** Plain digits: `Number` takes `1e3`, `0x10` and nothing at all, too. */
function wholeNumber(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
}

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** A TCP port. */
export function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 0 && number < 65_536) return number;
  throw new InvalidArgumentError('Expected a port from 1 to 65535.');
}

/** How many of something to show. */
export function count(text: string): number {
  const number = wholeNumber(text);
  if (number > 0 && number <= 1000) return number;
  throw new InvalidArgumentError('Expected a number from 1 to 1000.');
}

/** What a deployment does when others are there before it. */
export function ifBusy(text: string): 'wait' | 'fail' {
  if (text === 'wait' || text === 'fail') return text;
  throw new InvalidArgumentError('Expected wait or fail.');
}

/** What becomes of a run when whoever follows it is told to end. */
export function onCancel(text: string): 'leave' | 'cancel' {
  if (text === 'leave' || text === 'cancel') return text;
  throw new InvalidArgumentError('Expected leave or cancel.');
}

/** A span of time, in seconds. */
export function duration(text: string): number {
  const seconds = secondsOf(text);
  if (seconds !== null) return seconds;
  throw new InvalidArgumentError(`Expected a duration such as 30s, 10m or 2h: ${DURATION_BOUNDS}.`);
}

/** A moment: an ISO time, or how long ago. */
export function since(text: string): Date {
  const ago = secondsOf(text);
  if (ago !== null) return new Date(Date.now() - ago * 1000);
  const isTime = ISO.test(text);
  if (isTime && !isCalendarDate(text.slice(0, 10)))
    throw new InvalidArgumentError(`${text.slice(0, 10)} is no day of the calendar.`);
  const moment = new Date(isTime ? text : Number.NaN);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new InvalidArgumentError(
    `Expected a time such as 2026-11-21 or 2026-11-21T11:45Z, or a duration such as 7d: ${DURATION_BOUNDS}.`,
  );
}

/** How often something is tried again; 0: never. */
export function few(text: string): number {
  const number = wholeNumber(text);
  if (number <= 20) return number;
  throw new InvalidArgumentError('Expected a number from 0 to 20.');
}

/** An address of the web. */
export function webAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new InvalidArgumentError('Expected a URL such as https://campus.example.com.');
  return url;
}

/** `name=value`, beside those before it. */
export function assignment(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [, name, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('Expected name=value, such as version=1.4.2.');
  return { ...before, [name]: value };
}
