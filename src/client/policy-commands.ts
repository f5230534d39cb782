import type { Command } from 'commander';
import type { GlobalOptions } from './options.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what shows the policy of an environment. */
export function addPolicy(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('policy')
    .description('about the policies of environments')
    .command('show <environment>')
    .description('show every value that is in force, and where it comes from')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { policyShow } = await import('./commands/policy-show.js');
      done(policyShow(terminal, environment, command.optsWithGlobals<GlobalOptions>()));
    });
}
