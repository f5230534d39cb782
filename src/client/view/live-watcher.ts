import { createLogUpdate } from 'log-update';
import type { Progress } from '../../domain/progress.js';
import type { Watcher } from '../follow.js';
import type { Terminal } from '../terminal.js';
import { writtenOut } from './printable.js';
import { progressTable } from './progress-table.js';

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
    this.update(writtenOut([...table, ...trouble].join('\n'), colour.level > 0));
  }
}
