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
  /** One sentence: who, why, until when. */
  readonly sentence: string;
  /** ISO 8601, UTC; `null`: nobody knows. */
  readonly until: string | null;
}

/** A hold of the calendar can be overridden, with a reason and an approval; what a person switched off, only a person switches on. */
export function mayBeOverridden({ kind }: Hold): boolean {
  return kind === 'freeze' || kind === 'window';
}
