import type { GlobalOptions } from './options.js';
import { createProgram } from './program.js';
import { endWhenUnread, guarded, processTerminal, type Terminal } from './terminal.js';
import { annotation, isGithubActions } from './view/annotation.js';
import {
  describeError,
  errorFacts,
  exitStatusOf,
  UsageError,
  usageFacts,
  type ErrorFacts,
} from './view/error.js';

/** Exit status for a command line that makes no sense. */
const USAGE = 2;

function ownTerminal(): Terminal {
  endWhenUnread();
  return processTerminal();
}

/**
 * Runs one command line (without node and script) and answers the exit status. Never throws: what goes wrong is told to the
 * terminal. `version` is what `-V` prints.
 */
export async function runCli(
  argv: readonly string[],
  version: string,
  shown: Terminal = ownTerminal(),
): Promise<number> {
  const terminal = guarded(shown);
  let status = 0;
  const program = createProgram(terminal, version, (came) => void (status = came));
  const words = argv[0] === '--version' ? ['-V'] : argv;
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    const tell = (facts: () => ErrorFacts): void => {
      if (program.opts<GlobalOptions>().json) terminal.out(JSON.stringify({ error: facts() }));
      if (!isGithubActions(process.env)) return;
      const { code, message, advice } = facts();
      terminal.err(annotation('error', `safeguard: ${code}`, [message, advice].filter(Boolean).join(' ')));
    };
    if (error instanceof UsageError) {
      if (error.exitCode === 0) return 0;
      tell(() => usageFacts(error, USAGE));
      return USAGE;
    }
    tell(() => errorFacts(error));
    terminal.err(describeError(error, argv.includes('--verbose')));
    return exitStatusOf(error);
  }
}
