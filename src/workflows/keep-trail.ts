import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setHandler,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { AuditHead, AuditTrouble } from '../domain/audit.js';
import { BATCH_SIZE, eventFrom, kept, troubled, waitingLines } from '../domain/audit-trail.js';
import { isErrorCode, type ErrorCode } from '../domain/errors.js';
import { keeping } from './activities.js';
import { INTERNAL } from './descriptions.js';
import type { Entity } from './entity.js';
import * as messages from './messages.js';
import { isGoverned } from './versions.js';

/** How long the store is asked before people are told; and from then on, until they are told again what it says. */
const PATIENCE = { first: '10m', then: '1h' } as const;

/** What was tried for long is tried again soon; what does not pass by itself is left to people for a while. */
const PAUSE = { short: '1m', long: '30m' } as const;
const TRIED_FOR_LONG: readonly ErrorCode[] = ['AUDIT_NOT_WRITTEN', 'SECRET_MISSING'];

/**
 * Keeps the audit trail of an environment: takes in what runs say, and hands line after line to the store. Nothing else waits for it.
 * `settle` sets the trail's new head.
 */
export function keepTrail(self: Entity, settle: (head: AuditHead) => void): void {
  setHandler(messages.audit, (said) => hear(self, said), INTERNAL);
  handOver(self, settle).catch((error: unknown) => {
    if (!isCancellation(error)) log.error('the audit trail is no longer kept', { error: String(error) });
  });
}

/** Takes in what runs say: anybody who reaches the server may send a signal, with anything. */
export function hear({ note }: Entity, said: unknown): void {
  for (const one of Array.isArray(said) ? (said as unknown[]) : []) {
    const event = eventFrom(one);
    if (event) note(event);
    else log.warn('something that is no event was told to the audit trail');
  }
}

/**
 * One batch after the other. A batch is what waits at the moment, always beginning with the first line that is not known to be kept:
 * whatever becomes of an attempt, or of this run of the workflow, the same lines are sent again.
 */
async function handOver({ target, read }: Entity, settle: (head: AuditHead) => void): Promise<never> {
  for (;;) {
    await condition(() => read().audit.outbox.length > 0);
    if (!isGoverned()) {
      const { audit } = read();
      await condition(() => read().audit !== audit);
      continue;
    }
    await everybodyElse();
    const { audit, incarnation } = read();
    const lines = waitingLines(audit, { ...target, incarnation }, BATCH_SIZE);
    const scheduleToCloseTimeout = audit.trouble === null ? PATIENCE.first : PATIENCE.then;
    try {
      const summary = `lines ${lines[0]?.sequence ?? 0} to ${lines.at(-1)?.sequence ?? 0}`;
      await keeping.keepAudit.executeWithOptions({ scheduleToCloseTimeout, summary }, [{ lines }]);
      settle(kept(read().audit, lines, new Date().toISOString()));
    } catch (error) {
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      const trouble = troubleOf(error);
      log.error('lines of the audit trail wait', { code: trouble.code, message: trouble.message });
      settle(troubled(read().audit, trouble));
      await sleep(TRIED_FOR_LONG.includes(trouble.code) ? PAUSE.short : PAUSE.long);
    }
  }
}

/** Lets everything go on that the same message set going, so that a request and its grant are one batch. */
async function everybodyElse(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** What the store said last, however deep it lies in what Temporal says. */
function troubleOf(error: unknown): AuditTrouble {
  const since = new Date().toISOString();
  let noWorker = false;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure)
      return { code: isErrorCode(cause.type) ? cause.type : 'INTERNAL', message: cause.message, since };
    noWorker ||= cause instanceof TimeoutFailure;
  }
  return noWorker
    ? { code: 'AUDIT_NOT_WRITTEN', message: 'no worker has handed lines to the store', since }
    : { code: 'INTERNAL', message: String(error), since };
}
