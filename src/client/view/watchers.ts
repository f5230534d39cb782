import type { Progress } from '../../domain/progress.js';
import type { Watcher } from '../follow.js';
import type { Terminal } from '../terminal.js';
import { progressLines } from './progress-lines.js';

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

/** What shows a run here: a live table on a terminal, lines elsewhere; beside JSON, lines on standard error. */
export async function watcherFor(terminal: Terminal, json: boolean): Promise<Watcher> {
  if (json) return new LineWatcher((line) => terminal.err(line));
  if (!terminal.live) return new LineWatcher((line) => terminal.out(line));
  // Loaded for a terminal only: what a table is drawn with takes a good part of a command's start.
  const { LiveWatcher } = await import('./live-watcher.js');
  return new LiveWatcher(terminal);
}
