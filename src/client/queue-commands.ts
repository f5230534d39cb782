import type { Command } from 'commander';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what shows who waits for an environment, and who holds it. */
export function addQueue(_program: Command, _terminal: Terminal, _done: OnStatus): void {
  return;
}
