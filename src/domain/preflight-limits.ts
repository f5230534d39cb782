import type { PreflightSeen } from './preflight.js';

const MIB = 1024 * 1024;
/** An archive and what it unpacks to lie on the host at once; text unpacks to some three times its size. */
const ROOM_FACTOR = 4;
/** What a host needs beside that: journal, forensics, the service's own files. */
const ROOM_BESIDE = 64 * MIB;

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}

/** Whether a release whose archives are of `bytes` finds room on a host with `free` bytes. */
export function roomFor(bytes: number, free: number): PreflightSeen {
  const needed = bytes * ROOM_FACTOR + ROOM_BESIDE;
  const seen = { found: `${mib(free)} are free for ${mib(bytes)} of archives`, limit: mib(needed) };
  if (free >= needed) return { verdict: 'pass', ...seen };
  return { verdict: 'fail', ...seen, advice: 'Make room on the host, or lower keep_releases.' };
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A token that has fewer days left is worth a thought. */
const TOKEN_DAYS = 14;

/** How long a token is still valid; `null`: for ever, or nobody knows. */
export function tokenLeft(expires: Date | null, now: number): PreflightSeen {
  if (expires === null) return { verdict: 'pass', found: 'valid; when it expires is not known' };
  const days = Math.floor((expires.getTime() - now) / DAY_MS);
  const found = `valid for ${days} more days, until ${expires.toISOString()}`;
  const limit = `${TOKEN_DAYS} days`;
  if (days >= TOKEN_DAYS) return { verdict: 'pass', found, limit };
  return {
    verdict: 'fail',
    found,
    limit,
    warns: true,
    advice: 'Make a new one before it expires, and give it to the worker.',
  };
}

/** A look at a host's clock: what it said, and this runner's clock before and after, in milliseconds since 1970. */
export interface ClockLook {
  /** ISO 8601, whole seconds. */
  readonly time: string;
  readonly from: number;
  readonly to: number;
}

/** How far a host's clock is off from this runner's at least: what lies between question and answer counts for it. */
export function clockOff({ time, from, to }: ClockLook, limitSeconds: number): PreflightSeen {
  const least = Date.parse(time);
  const most = least + 999;
  const ms = least > to ? least - to : most < from ? most - from : 0;
  const seconds = (Math.abs(ms) / 1000).toFixed(1);
  const found = ms === 0 ? 'goes with the runner’s' : `${seconds} s ${ms > 0 ? 'ahead' : 'behind'}`;
  const limit = `${limitSeconds} s`;
  if (Math.abs(ms) <= limitSeconds * 1000) return { verdict: 'pass', found, limit };
  const advice = 'Let the host and the runner take their time from one source (chrony, systemd-timesyncd).';
  return { verdict: 'fail', found, limit, advice };
}
