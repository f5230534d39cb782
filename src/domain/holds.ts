import { AHEAD_MS, spansOf } from './calendar.js';
import type { Policy } from './policy.js';
import type { DeploymentRequest } from './run.js';
import { contains, merged, without, type Span } from './spans.js';
import {
  describeSwitch,
  mayBeOverridden,
  shortMoment,
  type Freeze,
  type Hold,
  type Switch,
  type Switches,
} from './switches.js';
import type { WindowPolicy } from './windows.js';
import { shownIn } from './zoned-time.js';

/** Something that holds deployments back at certain times. */
interface Source {
  readonly kind: Hold['kind'];
  readonly spans: readonly Span[];
  /** Id of the freeze, where it is one that a person announced. */
  readonly id?: string;
  /** What people are told while it holds; `until`: when it alone ends, in milliseconds; `null`: not within what was read. */
  readonly sentence: (until: number | null) => string;
}

function ofSwitch(kind: 'disabled' | 'paused', set: Switch | null): Source[] {
  if (set === null) return [];
  const until = set.until === null ? Infinity : Date.parse(set.until);
  return [{ kind, spans: [{ from: -Infinity, until }], sentence: () => describeSwitch(kind, set) }];
}

function ofFreeze({ id, by, reason, from, until }: Freeze): Source {
  return {
    kind: 'freeze',
    id,
    spans: [{ from: Date.parse(from), until: Date.parse(until) }],
    sentence: () => `frozen by ${by} since ${shortMoment(from)}, until ${shortMoment(until)}: ${reason}`,
  };
}

function ofCalendar({ timezone, freeze, allowed }: WindowPolicy, now: number): Source[] {
  const shown = (until: number | null): string =>
    until === null ? 'for more than a year' : `until ${shownIn(timezone, until)} ${timezone}`;
  const frozen = freeze.map((window): Source => ({
    kind: 'window',
    spans: spansOf(window, timezone, now, 'wide'),
    sentence: (until) => `frozen by its calendar (${window.name}) ${shown(until)}`,
  }));
  if (allowed.length === 0) return frozen;
  const names = allowed.map(({ name }) => name).join(', ');
  const outside: Source = {
    kind: 'window',
    spans: without(allowed.flatMap((window) => spansOf(window, timezone, now, 'narrow'))),
    sentence: (until) => `outside of its allowed times (${names}) ${shown(until)}`,
  };
  return [...frozen, outside];
}

/** The first moment from `now` on that is in none of the spans; `null`: none is known. */
function endOf(spans: readonly Span[], now: number, known: number): number | null {
  const until = merged(spans).find((span) => contains(span, now))?.until ?? Infinity;
  return until <= known && until !== Infinity ? until : null;
}

/**
 * Why a deployment may change nothing at a moment (milliseconds since 1970), or `null`. What people switched off comes first, since
 * only they can switch it on. All that holds is said; `until` is the first moment at which nothing does.
 */
export function holdOf(switches: Switches, windows: WindowPolicy, now: number): Hold | null {
  const sources = [
    ...ofSwitch('disabled', switches.disabled),
    ...ofSwitch('paused', switches.paused),
    ...switches.freezes.map(ofFreeze),
    ...ofCalendar(windows, now),
  ];
  const holding = sources.filter(({ spans }) => spans.some((span) => contains(span, now)));
  const [strongest] = holding;
  if (!strongest) return null;
  const isRecurring = windows.freeze.length > 0 || windows.allowed.length > 0;
  const known = isRecurring ? now + AHEAD_MS : Infinity;
  const until = endOf(
    sources.flatMap(({ spans }) => spans),
    now,
    known,
  );
  return {
    kind: strongest.kind,
    sentence: holding
      .map(({ spans, sentence }) => sentence(endOf(spans, now, now + AHEAD_MS)))
      .join('; it is also '),
    until: until === null ? null : new Date(until).toISOString(),
    ...(strongest.id === undefined ? {} : { id: strongest.id }),
  };
}

/** What a hold means for a run. */
export interface Judged {
  /** What holds it back; `null`: nothing does, or it was overridden. */
  readonly held: Hold | null;
  /** Sentences on what is overridden; a plan's hash covers them. */
  readonly overrides: readonly string[];
  readonly policy: Policy;
}

/**
 * Judges a hold for a request. Who overrides the calendar needs the approval of somebody else, whatever the policy says; an
 * override where nothing holds changes nothing.
 */
export function judged(
  { environment, override, requestedBy }: Pick<DeploymentRequest, 'environment' | 'override' | 'requestedBy'>,
  policy: Policy,
  hold: Hold | null,
): Judged {
  if (hold === null || override === undefined || !mayBeOverridden(hold))
    return { held: hold, overrides: [], policy };
  const { approval } = policy;
  return {
    held: null,
    overrides: [`${environment} is ${hold.sentence}. ${requestedBy} overrides that: ${override}`],
    policy: {
      ...policy,
      approval: { ...approval, required: true, fourEyes: true, count: Math.max(1, approval.count) },
    },
  };
}
