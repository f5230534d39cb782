import type { AuditStore } from '../../src/adapters/audit-store.js';
import { lineName, type StoredLine } from '../../src/domain/audit-check.js';
import { auditText } from '../../src/domain/audit-trail.js';
import type { AuditLine, TrailPlace } from '../../src/domain/audit.js';
import { SafeguardError } from '../../src/domain/errors.js';

/** An audit store in memory, which keeps the promises of the real ones. */
export class MemoryTrail implements AuditStore {
  private readonly stored = new Map<string, string>();
  /** Lines that were asked to be kept, whatever came of it. */
  readonly asked: AuditLine[] = [];

  keep(line: AuditLine): Promise<void> {
    this.asked.push(line);
    const key = keyOf(line, lineName(line.sequence));
    const text = auditText(line);
    const there = this.stored.get(key) ?? text;
    if (there !== text) return Promise.reject(new SafeguardError('AUDIT_BROKEN', `${key} is something else`));
    this.stored.set(key, text);
    return Promise.resolve();
  }

  lives({ application, environment }: Omit<TrailPlace, 'incarnation'>): Promise<string[]> {
    const prefix = `${application}/${environment}/`;
    const lives = [...this.stored.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length).split('/')[0] ?? '');
    return Promise.resolve([...new Set(lives)]);
  }

  read(place: TrailPlace): Promise<StoredLine[]> {
    const prefix = keyOf(place, '');
    const lines = [...this.stored]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => ({ name: key.slice(prefix.length), text }));
    return Promise.resolve(lines);
  }

  /** Takes away what lies under a name. */
  remove(place: TrailPlace, name: string): void {
    this.stored.delete(keyOf(place, name));
  }

  /** Puts something under a line's name, as nobody should. */
  put(place: TrailPlace, name: string, text: string): void {
    this.stored.set(keyOf(place, name), text);
  }
}

function keyOf({ application, environment, incarnation }: TrailPlace, name: string): string {
  return [application, environment, incarnation, name].join('/');
}
