import { createLogUpdate } from 'log-update';
import type { Progress } from '../../domain/progress.js';
import type { Watcher } from '../follow.js';
import type { Terminal } from '../terminal.js';
import { progressLines } from './progress-lines.js';
import { progressTable } from './progress-table.js';

/** One line for each change, for logs; `write` takes a line without its break. */
export class LineWatcher implements Watcher {
  readonly everyMs = 1_000;
  private last: Progress | null = null;
  private isTroubled = false;

  constructor(
    private readonly write: (line: string) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  show(progress: Progress): void {
    for (const line of progressLines(this.last, progress)) this.say(line);
    this.last = progress;
  }

  /** Only the beginning and the end of it: a log needs no line for each try. */
  trouble(reason: string | null): void {
    if (reason !== null && !this.isTroubled) this.say(`! ${reason}`);
    if (reason === null && this.isTroubled) this.say('! It answers again.');
    this.isTroubled = reason !== null;
  }

  close(): void {
    // Every line was written when it came up.
  }

  private say(line: string): void {
    this.write(`${this.now().toISOString().slice(11, 19)}Z ${line}`);
  }
}

/** A table that is drawn over itself. */
export class LiveWatcher implements Watcher {
  readonly everyMs = 400;
  private readonly update = createLogUpdate(process.stdout);
  private last: Progress | null = null;
  private reason: string | null = null;

  constructor(private readonly terminal: Terminal) {}

  show(progress: Progress): void {
    this.last = progress;
    this.reason = null;
    this.draw();
  }

  trouble(reason: string | null): void {
    if (reason === this.reason) return;
    this.reason = reason;
    this.draw();
  }

  close(): void {
    this.update.done();
  }

  private draw(): void {
    const { colour } = this.terminal;
    const table =
      this.last === null
        ? []
        : [progressTable(this.last, { colour, width: process.stdout.columns, now: Date.now() })];
    const trouble = this.reason === null ? [] : ['', colour.yellow(`! ${this.reason}`)];
    this.update([...table, ...trouble].join('\n'));
  }
}

/** What shows a run here: a live table on a terminal, lines elsewhere; beside JSON, lines on standard error. */
export function watcherFor(terminal: Terminal, json: boolean): Watcher {
  if (json) return new LineWatcher((line) => terminal.err(line));
  return terminal.live ? new LiveWatcher(terminal) : new LineWatcher((line) => terminal.out(line));
}
