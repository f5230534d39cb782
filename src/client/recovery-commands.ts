import type { Command } from 'commander';
import type { ConvergeOptions } from './commands/converge.js';
import type { EvictOptions } from './commands/host-evict.js';
import type { RollbackOptions } from './commands/rollback.js';
import type { RecoveryOptions } from './commands/run-recovery.js';
import type { VerifyOptions } from './commands/verify.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Options of every command that starts a recovery. */
function asked(command: Command): Command {
  return command
    .requiredOption('--reason <reason>', 'why; it stands in the record')
    .option('--dry-run', 'look and show what would be done; change nothing')
    .option('--follow', 'show its progress and exit by its outcome')
    .option('--id <id>', 'deployment id; one that exists is attached to')
    .option('--by <name>', 'who asks (default: GITHUB_ACTOR, or user@host)');
}

function addHost(program: Command, terminal: Terminal, done: OnStatus): void {
  const host = program.command('host').description('take a host out of an environment, or back in');
  host
    .command('evict <environment> <host>')
    .description('no traffic, no deployments; it does not count until it rejoins')
    .requiredOption('--reason <reason>', 'why; it stands in the record')
    .option('--by <name>', 'who says so (default: GITHUB_ACTOR, or user@host)')
    .action(async (environment: string, name: string, _: unknown, command: Command) => {
      const { evict } = await import('./commands/host-evict.js');
      done(await evict(terminal, environment, name, command.optsWithGlobals<EvictOptions>()));
    });
  asked(host.command('rejoin <environment> <host>'))
    .description('bring an evicted host to the committed release, and count it in again')
    .action(async (environment: string, name: string, _: unknown, command: Command) => {
      const { rejoinHost } = await import('./commands/host-rejoin.js');
      done(await rejoinHost(terminal, environment, name, command.optsWithGlobals<RecoveryOptions>()));
    });
}

/** Adds what looks after an environment beside deployments. */
export function addRecoveries(program: Command, terminal: Terminal, done: OnStatus): void {
  asked(program.command('rollback <environment> [components...]'))
    .description('bring every host to an earlier release; all components, or only the named ones')
    .option('--to <version>', 'release to go to (default: the one committed before)')
    .action(async (environment: string, components: string[], _: unknown, command: Command) => {
      const { rollback } = await import('./commands/rollback.js');
      done(await rollback(terminal, environment, components, command.optsWithGlobals<RollbackOptions>()));
    });
  asked(program.command('converge <environment>'))
    .description('bring every host to the committed release, whatever it serves now')
    .option('--adopt <reason>', 'take over hosts that another life of the environment deployed to')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { converge } = await import('./commands/converge.js');
      done(await converge(terminal, environment, command.optsWithGlobals<ConvergeOptions>()));
    });
  addHost(program, terminal, done);
  program
    .command('verify <environment>')
    .description('look at every host and say what is not as committed; change nothing')
    .option('--by <name>', 'who asks (default: GITHUB_ACTOR, or user@host)')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { verify } = await import('./commands/verify.js');
      done(await verify(terminal, environment, command.optsWithGlobals<VerifyOptions>()));
    });
}
