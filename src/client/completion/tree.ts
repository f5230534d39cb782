import type { Command } from 'commander';

/** An option as a shell offers it. */
export interface OfferedOption {
  /** `--version`, `-V`: every way to write it. */
  readonly flags: readonly string[];
  /** Expects a value after it. */
  readonly takesValue: boolean;
  readonly description: string;
}

/** A command with what may follow it. */
export interface OfferedCommand {
  /** Words that lead there, without the program's own name: `['host', 'evict']`; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly OfferedCommand[];
  readonly options: readonly OfferedOption[];
}

function optionsOf(command: Command): OfferedOption[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map(({ short, long, required, optional, description }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      takesValue: required || optional,
      description,
    }));
}

function offered(command: Command, path: readonly string[]): OfferedCommand {
  const commands = command.createHelp().visibleCommands(command);
  return {
    path,
    description: command.description(),
    commands: commands.map((one) => offered(one, [...path, one.name()])),
    options: optionsOf(command),
  };
}

/** What can be completed, read from the command line's own definition. */
export function completionTree(program: Command): OfferedCommand {
  return offered(program, []);
}

/** A command and all below it. */
export function withDescendants(command: OfferedCommand): OfferedCommand[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

/** Every flag of any command that expects a value after it. */
export function valuedFlags(program: OfferedCommand): string[] {
  const valued = withDescendants(program).flatMap(({ options }) =>
    options.filter(({ takesValue }) => takesValue),
  );
  return [...new Set(valued.flatMap(({ flags }) => flags))];
}

/** Flags whose value is a file or a folder. */
export const OF_FILES: readonly string[] = ['--config', '--sign', '--signature', '--state'];

/** What may follow a command: commands below it, its options, and those that every command takes. */
export function following(
  command: OfferedCommand,
  program: OfferedCommand,
): (readonly [word: string, description: string])[] {
  const options = command === program ? program.options : [...command.options, ...program.options];
  const words = new Map([
    ...command.commands.map(({ path, description }) => [path.at(-1) ?? '', description] as const),
    ...options.flatMap(({ flags, description }) => flags.map((flag) => [flag, description] as const)),
  ]);
  return [...words];
}
