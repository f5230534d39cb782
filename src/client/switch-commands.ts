import type { Command } from 'commander';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what lets people switch environments off and on, and lift quarantines. */
export function addSwitches(_program: Command, _terminal: Terminal, _done: OnStatus): void {
  return;
}
