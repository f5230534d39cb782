import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_TRAIL, type AuditHead, type AuditLine } from '../../src/domain/audit.js';
import { checkTrail } from '../../src/domain/audit-check.js';
import {
  auditDetails,
  auditText,
  BATCH_SIZE,
  eventFrom,
  kept,
  noted,
  OUTBOX_SIZE,
  troubled,
  waitingLines,
} from '../../src/domain/audit-trail.js';
import { AT, chain, event, PLACE, stored, lineIn } from './audit-fixtures.js';

test('a line carries the digest of the bytes before it, as sha256sum prints it', () => {
  const { lines, head } = chain(3);
  const digests = lines.map((line) => createHash('sha256').update(auditText(line)).digest('hex'));
  expect(lines.map(({ previous }) => previous)).toEqual(['0'.repeat(64), digests[0], digests[1]]);
  expect(head).toMatchObject({ sequence: 3, hash: digests[2], outbox: [] });
  expect(auditText(lineIn(lines, 1))).toMatch(/^\{"action":"requested",.*\}\n$/);
});

test('the same event told again is one line, also after it was kept and carried over', () => {
  const once = noted(EMPTY_TRAIL, [event('a'), event('b'), event('a')]);
  expect(once.outbox.map(({ key }) => key)).toEqual(['a', 'b']);
  const carried = JSON.parse(JSON.stringify(kept(once, waitingLines(once, PLACE), AT))) as AuditHead;
  expect(noted(carried, [event('b'), event('c')]).outbox.map(({ key }) => key)).toEqual(['c']);
});

test('what found the outbox full is counted, and told when there is room', () => {
  const many = Array.from({ length: OUTBOX_SIZE + 7 }, (_, index) => event(`event-${index}`));
  const full = noted(EMPTY_TRAIL, many);
  expect(full.outbox).toHaveLength(OUTBOX_SIZE);
  const after = kept(full, waitingLines(full, PLACE, BATCH_SIZE), AT);
  expect(after.overflow).toBe(0);
  expect(after.outbox.at(-1)).toMatchObject({ action: 'not-kept', identity: 'system' });
  expect(after.outbox.at(-1)?.reason).toContain('7 events are missing');
});

test('since when lines wait is when the first attempt failed; people see it until one succeeds', () => {
  const waiting = noted(EMPTY_TRAIL, [event('a')]);
  expect(auditDetails(waiting)).toEqual([]);
  const trouble = { code: 'AUDIT_NOT_WRITTEN', message: 'disk | full', since: AT } as const;
  const later = troubled(troubled(waiting, trouble), { ...trouble, since: '2026-11-22T00:00:00.000Z' });
  expect(auditDetails(later)).toEqual([
    '',
    `**Audit trail**: 1 lines wait since ${AT} (AUDIT_NOT_WRITTEN): disk \\| full`,
  ]);
  expect(auditDetails(kept(later, waitingLines(later, PLACE), AT))).toEqual([]);
});

describe('what anybody sends', () => {
  test.each([null, 'text', [], {}, { key: 'a', at: AT, by: 'ada', action: 'conquered' }])(
    '%j is no event',
    (said) => {
      expect(eventFrom(said)).toBeNull();
    },
  );

  test('is cut to what a line holds', () => {
    const found = eventFrom({
      ...event('a'),
      reason: `1\n2${'x'.repeat(1000)}`,
      outcome: 'TRIUMPH',
      sudo: 'rm',
    });
    expect(found?.reason).toHaveLength(500);
    expect(found?.reason).toMatch(/^1 2x/);
    expect(found).not.toHaveProperty('sudo');
    expect(found?.outcome).toBeNull();
  });
});

/** An environment and its store, in which anything may be lost but what the store was given. */
class World {
  head: AuditHead = EMPTY_TRAIL;
  readonly store = new Map<number, string>();
  readonly told = new Set<string>();

  tell(key: string): void {
    this.told.add(key);
    this.head = noted(this.head, [event(key)]);
  }

  /** The store takes the first of a batch; its answer arrives or does not, and then the same is sent again. */
  hand(limit: number, taken: number, answers: boolean): void {
    const lines = waitingLines(this.head, PLACE, limit);
    for (const line of lines.slice(0, taken)) this.write(line);
    if (answers && taken >= lines.length) this.head = kept(this.head, lines, AT);
  }

  /** Exclusive create: what is there stays, and must be the same. */
  private write(line: AuditLine): void {
    const text = auditText(line);
    expect(this.store.get(line.sequence) ?? text).toBe(text);
    this.store.set(line.sequence, text);
  }

  continueAsNew(): void {
    this.head = JSON.parse(JSON.stringify(this.head)) as AuditHead;
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('tell' as const), key: fc.integer({ min: 0, max: 30 }) }),
  fc.record({
    kind: fc.constant('hand' as const),
    limit: fc.integer({ min: 1, max: 5 }),
    taken: fc.integer({ min: 0, max: 5 }),
    answers: fc.boolean(),
  }),
  fc.constant({ kind: 'continue' as const }),
);

test('whatever is told, lost and carried over: one line an event, in order, without gaps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      for (const one of steps) {
        if (one.kind === 'tell') world.tell(`event-${one.key}`);
        else if (one.kind === 'hand') world.hand(one.limit, one.taken, one.answers);
        else world.continueAsNew();
      }
      while (world.head.outbox.length > 0) world.hand(BATCH_SIZE, BATCH_SIZE, true);
      const lines = [...world.store.values()].map((text) => JSON.parse(text) as AuditLine);
      expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_, index) => index + 1));
      expect(lines.map(({ key }) => key).sort()).toEqual([...world.told].sort());
      const { findings } = checkTrail(PLACE, stored(lines), { before: world.head, after: world.head });
      expect(findings).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
