import type { RecoveryKind } from './recovery.js';
import type { Release } from './release.js';
import type { Began } from './run.js';

/** Why new releases are refused, and what is left to be done. */
export interface Quarantine {
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** The run that ended as PARTIAL. */
  readonly deploymentId: string;
  /** Hosts that do not serve the committed release; they are tried again when they answer. */
  readonly lost: readonly string[];
  /** The version that hosts are brought back from, where it is one: what playbooks did beside it is to be undone on them. */
  readonly leaves?: string;
  /** Why it was not lifted when a person last asked for it. */
  readonly stands?: string;
}

/** The run that ended as PARTIAL; `began`: `null` when it changed no host. */
interface Stuck {
  readonly kind: 'deployment' | 'rollback' | 'repair';
  readonly began: Began | null;
}

/**
 * What hosts leave when they are brought to the committed release after a run that got stuck. One that only repairs goes on with what
 * its forerunner was to leave; hosts that follow a release which is decided leave none.
 */
export function leaving(
  { kind, began }: Stuck,
  committed: Release | null,
  before: Quarantine | null,
): Pick<Quarantine, 'leaves'> {
  const left = kind === 'rollback' ? began?.from : kind === 'deployment' ? began?.to : null;
  const leaves = left && left.digest !== committed?.digest ? left.version : before?.leaves;
  return leaves === undefined ? {} : { leaves };
}

/** What a recovery tells hosts that they leave. A rollback knows it by itself. */
export function stillLeft(kind: RecoveryKind, quarantine: Quarantine | null): Pick<Quarantine, 'leaves'> {
  return kind === 'rollback' || quarantine?.leaves === undefined ? {} : { leaves: quarantine.leaves };
}
