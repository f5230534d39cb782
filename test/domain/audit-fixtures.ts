import type { AuditEvent, AuditHead, AuditLine, TrailPlace } from '../../src/domain/audit.js';
import { EMPTY_TRAIL } from '../../src/domain/audit.js';
import { lineName, type StoredLine } from '../../src/domain/audit-check.js';
import { auditText, kept, noted, waitingLines } from '../../src/domain/audit-trail.js';

/** A life of an environment. */
export const PLACE: TrailPlace = { application: 'campus', environment: 'test', incarnation: 'life-1' };
export const AT = '2026-11-21T11:45:12.000Z';

/** An event with this key. */
export function event(key: string, over: Partial<AuditEvent> = {}): AuditEvent {
  return {
    key,
    at: AT,
    by: 'ada',
    identity: 'claimed',
    action: 'requested',
    reason: 'because',
    deploymentId: 'run-1',
    version: '1.0.0',
    commit: null,
    planHash: null,
    outcome: null,
    ...over,
  };
}

/** A trail of so many lines, all of them kept. */
export function chain(length: number, place: TrailPlace = PLACE): { lines: AuditLine[]; head: AuditHead } {
  const events = Array.from({ length }, (_, index) => event(`event-${index + 1}`));
  const waiting = noted(EMPTY_TRAIL, events);
  const lines = waitingLines(waiting, place);
  return { lines, head: kept(waiting, lines, AT) };
}

/** The line with this number. */
export function lineIn(lines: readonly AuditLine[], sequence: number): AuditLine {
  const line = lines[sequence - 1];
  if (!line) throw new Error(`no line ${sequence}`);
  return line;
}

/** As it lies in a store. */
export function stored(lines: readonly AuditLine[]): StoredLine[] {
  return lines.map((line) => ({ name: lineName(line.sequence), text: auditText(line) }));
}
