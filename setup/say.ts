/** Tells the person what the set-up is doing; on stderr, so that stdout stays the command's own. */
export function say(text: string): void {
  process.stderr.write(`[setup] ${text}\n`);
}
