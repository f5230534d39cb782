import { Chalk } from 'chalk';
import type { Terminal } from '../../src/client/terminal.js';

/** A terminal without colours that keeps what it is told. */
export class CapturedTerminal implements Terminal {
  readonly live = false;
  readonly width = 100;
  readonly colour = new Chalk({ level: 0 });
  readonly outLines: string[] = [];
  readonly errLines: string[] = [];

  out(text: string): void {
    this.outLines.push(text);
  }

  err(text: string): void {
    this.errLines.push(text);
  }

  get stdout(): string {
    return this.outLines.join('\n');
  }

  get stderr(): string {
    return this.errLines.join('\n');
  }
}
