import { Option, type Command } from 'commander';
import type { DecideOptions } from './commands/decide.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

interface ApproveOptions extends DecideOptions {
  readonly printStatement?: boolean;
}

/** What approvals and rejections have in common. */
function decision(program: Command, verdict: 'approve' | 'reject'): Command {
  return program
    .command(`${verdict} <environment>`)
    .description(`${verdict} the plan of the deployment that waits for it`)
    .option('--id <id>', 'deployment id')
    .option(
      '--by <name>',
      'who decides (default: GITHUB_ACTOR, or user@host); with a signature, the name in allowed_signers',
    )
    .option('--plan <hash>', 'the plan that was looked at (default: the one that waits)');
}

/** Adds `approve` and `reject`. */
export function addDecisions(program: Command, terminal: Terminal, done: OnStatus): void {
  decision(program, 'approve')
    .option('--comment <comment>', 'what was checked')
    .option(
      '--sign <key>',
      'sign with this private key, or with the agent that has the key of this .pub file',
    )
    .addOption(new Option('--signature <file>', 'a signature that was made elsewhere').conflicts('sign'))
    .addOption(
      new Option('--print-statement', 'only print what has to be signed').conflicts(['sign', 'signature']),
    )
    .action(async (environment: string, _: unknown, command: Command) => {
      const { decideOn, printStatement } = await import('./commands/decide.js');
      const options = command.optsWithGlobals<ApproveOptions>();
      const { printStatement: isOnlyPrinted = false, comment } = options;
      if (!isOnlyPrinted && comment === undefined)
        command.error("error: required option '--comment <comment>' not specified");
      const status = isOnlyPrinted
        ? await printStatement(terminal, environment, options)
        : await decideOn(terminal, 'approve', environment, options);
      done(status);
    });
  decision(program, 'reject')
    .requiredOption('--comment <comment>', 'why')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { decideOn } = await import('./commands/decide.js');
      done(await decideOn(terminal, 'reject', environment, command.optsWithGlobals<DecideOptions>()));
    });
}
