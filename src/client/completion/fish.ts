import { quoted } from './quote.js';
import { withDescendants, type OfferedCommand, type OfferedOption } from './tree.js';

function flagsOf({ flags, takesValue }: OfferedOption): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...named, ...(takesValue ? ['-r'] : [])].join(' ');
}

/** True where exactly this command has been typed, and none of those below it. */
function condition({ path, commands }: OfferedCommand): string {
  const names = commands.map((command) => command.path.at(-1) ?? '');
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen = names.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names.join(' ')}`];
  const all = path.length === 0 ? ['__fish_use_subcommand'] : [...seen, ...unseen];
  return quoted(all.join('; and '));
}

/** A script for fish; sourced, it completes `safeguard`. */
export function fishCompletion(program: OfferedCommand): string {
  const lines = withDescendants(program).flatMap((command) => {
    const where = condition(command);
    const isProgram = command.path.length === 0;
    return [
      ...command.commands.map(
        ({ path, description }) =>
          `complete -c safeguard -n ${where} -a ${quoted(path.at(-1) ?? '')} -d ${quoted(description)}`,
      ),
      ...command.options.map(
        (option) =>
          `complete -c safeguard ${isProgram ? '' : `-n ${where} `}${flagsOf(option)} -d ${quoted(option.description)}`,
      ),
    ];
  });
  return [
    '# Completion of safeguard for fish. Load it: safeguard completion fish | source',
    'complete -c safeguard -f',
    'complete -c safeguard -l config -r -F',
    ...lines,
  ].join('\n');
}
