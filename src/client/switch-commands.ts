import type { Command } from 'commander';
import type { DisableOptions } from './commands/disable.js';
import type { FreezeOptions } from './commands/freeze.js';
import type { SwitchOptions } from './commands/switch-one.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

const TIME = 'such as 2h, 2026-12-24T18:00 (time zone of the environment) or 2026-12-24T18:00Z';

/** Who and why, which every switch is told. */
function said(command: Command): Command {
  return command
    .requiredOption('--reason <reason>', 'why; everybody who is held back reads it')
    .option('--by <name>', 'who says so (default: GITHUB_ACTOR, or user@host)');
}

function addOwnSwitch(program: Command, terminal: Terminal, done: OnStatus): void {
  said(program.command('disable <environment>'))
    .description('hold deployments back: they do all that changes nothing, and say so')
    .option('--until <time>', `when that ends by itself, ${TIME}`)
    .action(async (environment: string, _: unknown, command: Command) => {
      const { disable } = await import('./commands/disable.js');
      done(await disable(terminal, environment, command.optsWithGlobals<DisableOptions>()));
    });
  said(program.command('enable <environment>'))
    .description('let deployments in again')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { enable } = await import('./commands/enable.js');
      done(await enable(terminal, environment, command.optsWithGlobals<SwitchOptions>()));
    });
}

function addFreezes(program: Command, terminal: Terminal, done: OnStatus): void {
  said(program.command('freeze <environment>'))
    .description('announce a time without deployments; an approval can go past it')
    .option('--from <time>', `when it begins (default: now), ${TIME}`)
    .requiredOption('--until <time>', `when it ends, ${TIME}`)
    .option('--id <id>', 'its name, for unfreeze (default: one is made)')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { freeze } = await import('./commands/freeze.js');
      done(await freeze(terminal, environment, command.optsWithGlobals<FreezeOptions>()));
    });
  said(program.command('unfreeze <environment> <id>'))
    .description('call a freeze off')
    .action(async (environment: string, id: string, _: unknown, command: Command) => {
      const { unfreeze } = await import('./commands/unfreeze.js');
      done(await unfreeze(terminal, environment, id, command.optsWithGlobals<SwitchOptions>()));
    });
}

function addGlobalPause(program: Command, terminal: Terminal, done: OnStatus): void {
  said(program.command('pause-all'))
    .description('hold deployments back in every environment, those that never had one included')
    .option('--until <time>', `when that ends by itself, ${TIME}`)
    .action(async (_: unknown, command: Command) => {
      const { pauseAll } = await import('./commands/pause-all.js');
      done(await pauseAll(terminal, command.optsWithGlobals<DisableOptions>()));
    });
  said(program.command('resume-all'))
    .description('let go what pause-all paused')
    .action(async (_: unknown, command: Command) => {
      const { resumeAll } = await import('./commands/resume-all.js');
      done(await resumeAll(terminal, command.optsWithGlobals<SwitchOptions>()));
    });
}

/** Adds what lets people switch environments off and on. */
export function addSwitches(program: Command, terminal: Terminal, done: OnStatus): void {
  addOwnSwitch(program, terminal, done);
  addFreezes(program, terminal, done);
  addGlobalPause(program, terminal, done);
}
