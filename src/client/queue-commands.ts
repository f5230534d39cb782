import type { Command } from 'commander';
import type { GlobalOptions } from './options.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what shows who waits for an environment, and who holds it. */
export function addQueue(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('queue <environment>')
    .description('show who waits for an environment, in order, and how each can be taken out')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { queue } = await import('./commands/queue.js');
      done(await queue(terminal, environment, command.optsWithGlobals<GlobalOptions>()));
    });
  program
    .command('lock')
    .description('about who holds an environment')
    .command('show <environment>')
    .description('show who holds it, how far that run is, and what can be done about it')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { lockShow } = await import('./commands/lock-show.js');
      done(await lockShow(terminal, environment, command.optsWithGlobals<GlobalOptions>()));
    });
}
