import { describeRelease } from '../../domain/release.js';
import { statusIfAnswered } from '../environments.js';
import { oneLineIfAny } from '../one-line.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { placeOf } from './place.js';
import { holderNotes, requestFrom, runRecovery, type RecoveryOptions } from './run-recovery.js';

/** Options of `safeguard converge`. */
export interface ConvergeOptions extends RecoveryOptions {
  readonly adopt?: string;
}

/** `safeguard converge`: every host to the committed release. Without a worker it is started all the same, and waits for one. */
export async function converge(
  terminal: Terminal,
  environment: string,
  options: ConvergeOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const adopt = oneLineIfAny('--adopt', options.adopt) ?? null;
  const request = requestFrom(place, { kind: 'converge', adopt }, options);
  return withSession(options, async (session) => {
    const status = await statusIfAnswered(session, place);
    const committed = status?.committed ?? null;
    const lines = [
      ...(committed === null ? [] : [`Every host of ${environment} to ${describeRelease(committed)}`]),
      ...holderNotes(status, request),
    ];
    const about = { lines, facts: { to: committed?.version ?? null } };
    return runRecovery(session, terminal, request, about, options);
  });
}
