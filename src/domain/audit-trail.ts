import {
  AUDIT_ACTIONS,
  EMPTY_TRAIL,
  type AuditEvent,
  type AuditHead,
  type AuditLine,
  type AuditTrouble,
  type TrailPlace,
} from './audit.js';
import { canonicalJson, type Json } from './canonical-json.js';
import { EXIT_STATUS } from './outcome.js';
import { sha256 } from './sha256.js';

/** How many keys are remembered: more than a hundred runs' worth, which is far more than the time an event is told again in. */
const KEYS_REMEMBERED = 400;

/** How many events may wait. They are part of what an environment carries over, which Temporal limits to 2 MB. */
export const OUTBOX_SIZE = 500;

/** Lines that are handed to the store at once. */
export const BATCH_SIZE = 20;

/** What is hashed and kept: canonical JSON and a line break, so that `sha256sum` of the file is the next line's `previous`. */
export function auditText(line: AuditLine): string {
  return `${canonicalJson(line as unknown as Json)}\n`;
}

/** Takes events in; one whose key is known is the same one, told again. */
export function noted(head: AuditHead, events: readonly AuditEvent[]): AuditHead {
  return events.reduce((now, event) => {
    if (now.recent.includes(event.key)) return now;
    const recent = [event.key, ...now.recent].slice(0, KEYS_REMEMBERED);
    return now.outbox.length < OUTBOX_SIZE
      ? { ...now, recent, outbox: [...now.outbox, event] }
      : { ...now, recent, overflow: now.overflow + 1 };
  }, head);
}

/**
 * The lines of what waits, with their numbers and hashes: always the same ones for the same head, so that a batch which is sent again
 * says what it said before.
 */
export function waitingLines(head: AuditHead, place: TrailPlace, limit: number = OUTBOX_SIZE): AuditLine[] {
  const { application, environment, incarnation } = place;
  let { sequence, hash: previous } = head;
  return head.outbox.slice(0, limit).map((event) => {
    sequence += 1;
    const line: AuditLine = {
      ...event,
      schema: 'safeguard/audit/v1',
      application,
      environment,
      incarnation,
      sequence,
      previous,
    };
    previous = sha256(auditText(line));
    return line;
  });
}

/** The store has these lines, which were the first of those that waited. What found the outbox full is told now that there is room. */
export function kept(head: AuditHead, lines: readonly AuditLine[], at: string): AuditHead {
  const last = lines.at(-1);
  if (!last) return head;
  const now: AuditHead = {
    ...head,
    sequence: last.sequence,
    hash: sha256(auditText(last)),
    outbox: head.outbox.slice(lines.length),
    trouble: null,
  };
  return now.overflow === 0 ? now : noted({ ...now, overflow: 0 }, [notKept(now.overflow, last, at)]);
}

function notKept(count: number, { sequence }: AuditLine, at: string): AuditEvent {
  return {
    key: `not-kept/${sequence}`,
    at,
    by: 'safeguard',
    identity: 'system',
    action: 'not-kept',
    reason: `${count} events are missing: more than ${OUTBOX_SIZE} waited for a store that took none. Records of the runs have them.`,
    deploymentId: null,
    version: null,
    commit: null,
    planHash: null,
    outcome: null,
  };
}

/** The store does not take lines; since when stays what it was. */
export function troubled(head: AuditHead, trouble: AuditTrouble): AuditHead {
  return { ...head, trouble: { ...trouble, since: head.trouble?.since ?? trouble.since } };
}

const LIMITS = { key: 200, at: 40, by: 200, reason: 500 } as const;
const SHORT = 200;

/** On one line, and not long: what people write is kept, but a trail is no place for logs. */
function clipped(text: string, limit: number): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, limit);
}

function optional(text: unknown): string | null {
  return typeof text === 'string' ? clipped(text, SHORT) : null;
}

/**
 * An event as the trail takes it, or `null`: signals may come from anybody who reaches the server, with anything. Texts are cut to
 * what a line holds, and fields that it does not have are left out.
 */
export function eventFrom(said: unknown): AuditEvent | null {
  if (typeof said !== 'object' || said === null) return null;
  const { key, at, by, reason, ...rest } = said as Partial<Record<keyof AuditEvent, unknown>>;
  const action = AUDIT_ACTIONS.find((known) => known === rest.action);
  if (typeof key !== 'string' || typeof at !== 'string' || typeof by !== 'string' || !action) return null;
  const identity = rest.identity === 'signed' || rest.identity === 'system' ? rest.identity : 'claimed';
  const outcome = Object.keys(EXIT_STATUS).find((known) => known === rest.outcome) ?? null;
  return {
    key: clipped(key, LIMITS.key),
    at: clipped(at, LIMITS.at),
    by: clipped(by, LIMITS.by),
    identity,
    action,
    reason: typeof reason === 'string' ? clipped(reason, LIMITS.reason) : '',
    deploymentId: optional(rest.deploymentId),
    version: optional(rest.version),
    commit: optional(rest.commit),
    planHash: optional(rest.planHash),
    outcome: outcome as AuditEvent['outcome'],
  };
}

/** Markdown for the Web UI while lines wait for the store; nothing when all is well. */
export function auditDetails({ trouble, outbox }: AuditHead): string[] {
  if (trouble === null) return [];
  const { code, message, since } = trouble;
  const why = clipped(message, SHORT).replaceAll('|', '\\|');
  return ['', `**Audit trail**: ${outbox.length} lines wait since ${since} (${code}): ${why}`];
}

/** The first line's `previous`. */
export const BEFORE_THE_FIRST = EMPTY_TRAIL.hash;
