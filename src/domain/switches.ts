/** A switch that a person set. Times are ISO 8601 in UTC. */
export interface Switch {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  /** When it ends by itself; `null`: when a person says so. */
  readonly until: string | null;
}

/** A time without deployments that a person announced; those of every week or year stand in `safeguard.yaml`. */
export interface Freeze {
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  readonly from: string;
  readonly until: string;
}

/** What people have switched for an environment, beside what its configuration says (spec S2). */
export interface Switches {
  /** This environment's own switch. */
  readonly disabled: Switch | null;
  /** Every environment was paused at once. */
  readonly paused: Switch | null;
  readonly freezes: readonly Freeze[];
}

/** Nothing is switched off. */
export const NOTHING_SWITCHED: Switches = { disabled: null, paused: null, freezes: [] };

/** A wish to set or lift a switch; who and why are always said. */
export type SwitchWish = { readonly by: string; readonly reason: string } & (
  | { readonly kind: 'disable' | 'pause'; readonly until: string | null }
  | { readonly kind: 'enable' | 'resume' }
  | { readonly kind: 'freeze'; readonly id: string; readonly from: string; readonly until: string }
  | { readonly kind: 'unfreeze'; readonly id: string }
);

/** Why a deployment may change nothing at present. It does all that changes nothing, and says so. */
export interface Hold {
  readonly kind: 'disabled' | 'paused' | 'freeze' | 'window';
  /** What the environment is: `disabled by ada since …, until …: why`. All that holds is in it, the strongest first. */
  readonly sentence: string;
  /** The first moment at which nothing holds any more. ISO 8601, UTC; `null`: nobody knows. */
  readonly until: string | null;
  /** Of a freeze that a person announced. */
  readonly id?: string;
}

/** A hold of the calendar can be overridden, with a reason and an approval; what a person switched off, only a person switches on. */
export function mayBeOverridden({ kind }: Hold): boolean {
  return kind === 'freeze' || kind === 'window';
}

/** `2026-11-21 18:30 UTC` of an ISO time. */
export function shortMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

const LIFTED_BY = { disabled: 'somebody enables it', paused: 'somebody resumes all' } as const;

/** What an environment is by a switch: `disabled by ada since …, until …: why`. */
export function describeSwitch(kind: 'disabled' | 'paused', { by, reason, at, until }: Switch): string {
  const what = kind === 'paused' ? 'paused, with all environments,' : kind;
  const end = until === null ? LIFTED_BY[kind] : shortMoment(until);
  return `${what} by ${by} since ${shortMoment(at)}, until ${end}: ${reason}`;
}

/** True while a switch or a freeze has not ended by itself; it does so without anybody looking. */
function isOn(set: { readonly until: string | null }, now: string): boolean {
  return set.until === null || Date.parse(now) < Date.parse(set.until);
}

/** What of the switches is not over at `now` (ISO 8601, UTC). */
export function current({ disabled, paused, freezes }: Switches, now: string): Switches {
  return {
    disabled: disabled && isOn(disabled, now) ? disabled : null,
    paused: paused && isOn(paused, now) ? paused : null,
    freezes: freezes.filter((freeze) => isOn(freeze, now)),
  };
}

/** What people have switched, a sentence each, with the command that lifts it. */
export function describeSwitches(
  environment: string,
  switches: Switches,
): readonly { readonly sentence: string; readonly lift: string }[] {
  const { disabled, paused, freezes } = switches;
  const lift = (kind: Hold['kind'], id?: string): string =>
    wayToLift(environment, { kind, ...(id === undefined ? {} : { id }) });
  return [
    ...(disabled ? [{ sentence: describeSwitch('disabled', disabled), lift: lift('disabled') }] : []),
    ...(paused ? [{ sentence: describeSwitch('paused', paused), lift: lift('paused') }] : []),
    ...freezes.map(({ id, by, reason, from, until }) => ({
      sentence: `frozen by ${by} from ${shortMoment(from)} until ${shortMoment(until)}: ${reason}`,
      lift: lift('freeze', id),
    })),
  ];
}

/** The command that lifts a hold, or goes past it; `…` is where the reason goes. */
export function wayToLift(environment: string, { kind, id }: Pick<Hold, 'kind' | 'id'>): string {
  switch (kind) {
    case 'disabled':
      return `safeguard enable ${environment} --reason '…'`;
    case 'paused':
      return `safeguard resume-all --reason '…'`;
    case 'freeze':
      return `safeguard unfreeze ${environment} ${id ?? ''} --reason '…'`;
    case 'window':
      return `safeguard deploy ${environment} --version … --override '…'`;
  }
}
