import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { completionTree } from '../completion/tree.js';
import { zshCompletion } from '../completion/zsh.js';
import type { Terminal } from '../terminal.js';

/** Shells that there is a completion for. */
export const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `safeguard completion <shell>`: a script that the shell sources; `program`: the whole command line. */
export function completion(terminal: Terminal, shell: keyof typeof SHELLS, program: Command): number {
  terminal.out(SHELLS[shell](completionTree(program)));
  return 0;
}
