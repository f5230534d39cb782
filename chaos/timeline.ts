/** Something that happened, by whom it was noted. `atMs`: since the timeline began. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly what: string;
}

/** What happened in one run, in order. */
export class Timeline {
  readonly entries: TimelineEntry[] = [];
  private readonly startedAt = Date.now();

  /** Notes something and answers when that was, in milliseconds since the timeline began. */
  note(what: string): number {
    const atMs = Date.now() - this.startedAt;
    this.entries.push({ atMs, what });
    return atMs;
  }
}

/** One line for each entry: seconds, and what happened. */
export function describeTimeline(entries: readonly TimelineEntry[]): string {
  return entries.map(({ atMs, what }) => `${(atMs / 1000).toFixed(2).padStart(8)}  ${what}`).join('\n');
}
