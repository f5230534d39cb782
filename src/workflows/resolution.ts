import { log, setHandler } from '@temporalio/workflow';
import { isLine } from '../domain/request.js';
import { differencesOf, type Verification } from '../domain/recovery.js';
import { coded, failureOf } from './failures.js';
import type { Entity } from './entity.js';
import { RESOLVE } from './descriptions.js';
import * as messages from './messages.js';
import { verify } from './verify.js';
import { isGoverned } from './versions.js';

/**
 * Lets people lift a quarantine, once a look at every host finds one release. Nobody's place is taken: what a run changes while the
 * look goes on voids it.
 */
export function handleResolution(entity: Entity): void {
  const { read, become, note, target } = entity;
  let isLooking = false;

  const objection = (said: Partial<messages.Resolution> | undefined): string | null => {
    const { quarantine, holder } = read();
    if (!isLine(said?.by) || !isLine(said.reason))
      return 'Say who and why, in one line each: {"by": "name", "reason": "why"}.';
    if (quarantine === null) return `${target.environment} is not quarantined; there is nothing to resolve.`;
    if (holder) return `${holder.deploymentId} holds ${target.environment}; resolve when it has ended.`;
    return isLooking ? 'Somebody resolves it already; its hosts are being looked at.' : null;
  };

  const resolved = async ({ by, reason }: messages.Resolution): Promise<Verification> => {
    isLooking = true;
    try {
      const { epoch } = read();
      const found = await verify(target);
      const stands = whyItStands(found, read().epoch !== epoch);
      if (stands !== null) throw coded({ code: 'QUARANTINE_STANDS', message: stands });
      log.warn('quarantine lifted', { by, reason });
      become({ ...read(), quarantine: null });
      noteResolution({ by, reason });
      return found;
    } finally {
      isLooking = false;
    }
  };

  const noteResolution = ({ by, reason }: messages.Resolution): void => {
    const at = new Date().toISOString();
    const of = { deploymentId: null, version: null, commit: null, planHash: null, outcome: null };
    note({ key: `resolved/${at}`, at, by, identity: 'claimed', action: 'resolved', reason, ...of });
  };

  /** Nobody waits for an answer to a signal: the environment itself shows it. */
  const refused = (stands: string): void => {
    log.warn('quarantine not lifted', { stands });
    const { quarantine } = read();
    if (quarantine !== null) become({ ...read(), quarantine: { ...quarantine, stands } });
  };

  setHandler(messages.resolve, (said) => resolved(said).catch(rethrowAs(refused)), {
    validator: (said: messages.Resolution) => {
      const problem = objection(said);
      if (problem !== null) throw new Error(problem);
    },
  });
  setHandler(
    messages.resolveSignal,
    async (said) => {
      if (!isGoverned()) {
        log.warn('quarantine lifted', { by: said.by, reason: said.reason });
        become({ ...read(), quarantine: null });
        return;
      }
      // Who sends it again while it is being done has what was wanted.
      if (isLooking) return;
      const problem = objection(said);
      if (problem !== null) refused(problem);
      else await resolved(said).catch((error: unknown) => refused(failureOf(error).message));
    },
    RESOLVE,
  );
}

/** Shows why it was refused, and refuses. */
function rethrowAs(show: (stands: string) => void): (error: unknown) => never {
  return (error) => {
    const failure = failureOf(error);
    show(failure.message);
    throw coded(failure);
  };
}

function whyItStands(found: Verification, hasChanged: boolean): string | null {
  if (hasChanged) return 'A run changed the environment while it was looked at. Resolve again.';
  if (found.consistent) return null;
  return `Not every host serves ${found.committed}: ${differencesOf(found).join('; ')}.`;
}
