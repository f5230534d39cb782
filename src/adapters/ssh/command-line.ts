/**
 * One argument for a POSIX shell: everything is literal inside single quotes but the single quote itself.
 * Throws a `TypeError` for a NUL byte, which no argument can hold.
 */
export function quoteArgument(argument: string): string {
  if (argument.includes('\0')) throw new TypeError('an argument cannot hold a NUL byte');
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/**
 * SSH carries a command as one string that the user's login shell parses. This is the only place that makes
 * such a string; every argument is quoted, the program too. Throws a `TypeError` for an empty list.
 */
export function commandLine(argv: readonly string[]): string {
  if (argv.length === 0) throw new TypeError('a command needs a program');
  return argv.map(quoteArgument).join(' ');
}
