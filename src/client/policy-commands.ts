import type { Command } from 'commander';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what shows the policy of an environment. */
export function addPolicy(_program: Command, _terminal: Terminal, _done: OnStatus): void {
  return;
}
