/** Tells how it goes; on standard error, so that standard output stays the result's own. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
