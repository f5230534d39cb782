import { Option, type Command } from 'commander';
import { PREFLIGHT_LEVELS } from '../domain/preflight.js';
import { SMOKE_LEVELS } from '../domain/smoke.js';
import { assignment, count, duration, few, webAddress } from './arguments.js';
import type { HealthOptions } from './commands/health.js';
import type { PreflightOptions } from './commands/preflight.js';
import type { SmokeOptions } from './commands/smoke.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what asks a running application how it is. */
export function addChecks(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('health <environment>')
    .description('ask every check of the committed release on every host; change nothing')
    .option('--watch', 'again and again, with the history of response times, until Ctrl-C')
    .option('--every <duration>', 'with --watch, pause between two looks (default: 10s)', duration)
    .option('--by <name>', 'who asks (default: GITHUB_ACTOR, or user@host)')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { health } = await import('./commands/health.js');
      const options = command.optsWithGlobals<HealthOptions>();
      if (options.every !== undefined && !options.watch)
        command.error("error: option '--every <duration>' is of use with --watch only");
      done(await health(terminal, environment, options));
    });
  program
    .command('preflight <environment>')
    .description(
      'look at everything that a deployment would need, and say what is not as it has to be; change nothing',
    )
    // Not --version of the program: that of the release.
    .requiredOption('--version <version>', 'release that would be deployed')
    .addOption(
      new Option(
        '--level <level>',
        'how much is looked at (default: by the policy of the environment)',
      ).choices(PREFLIGHT_LEVELS),
    )
    .option('--commit <sha>', 'commit that the release was built from')
    .option('--ref <ref>', 'its ref, such as refs/tags/v1.4.2')
    .option('--by <name>', 'who asks (default: GITHUB_ACTOR, or user@host)')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { preflight } = await import('./commands/preflight.js');
      done(await preflight(terminal, environment, command.optsWithGlobals<PreflightOptions>()));
    });
  program
    .command('smoke')
    .argument('<url>', 'address of the application', webAddress)
    .description('ask a running application whether it works; needs neither Temporal nor safeguard.yaml')
    .option('--file <file>', 'the tests (default: smoke.yaml of this folder, else: the home page answers)')
    .addOption(
      new Option('--level <level>', 'how much is asked; each includes those before it')
        .choices(SMOKE_LEVELS)
        .default('essential'),
    )
    .option('--timeout <seconds>', 'longest that one answer may take (default: of the file, else 10)', count)
    .option('--retries <number>', 'tries after the first (default: of the file, else 5)', few)
    .option('--var <name=value>', 'value of a placeholder of the file; may be given again', assignment)
    .option('--junit <file>', "write the results in JUnit's XML, too")
    .action(async (url: URL, _: unknown, command: Command) => {
      const { smoke } = await import('./commands/smoke.js');
      done(await smoke(terminal, url, command.optsWithGlobals<SmokeOptions>()));
    });
}
