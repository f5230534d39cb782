import type { Progress } from '../../domain/progress.js';
import { printable } from './printable.js';

/** What to type while a run waits for approval; not cut to the width, so that it can be copied. */
export function approvalLines({ approval }: Progress): string[] {
  if (!approval) return [];
  return ['To approve it:', ...approval.commands.map((command) => `  ${printable(command, 2000)}`)];
}
