import type { Command } from 'commander';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what reads the audit trail. */
export function addAudit(_program: Command, _terminal: Terminal, _done: OnStatus): void {
  return;
}
