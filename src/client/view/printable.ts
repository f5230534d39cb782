const CONTROL = /[\p{Cc}\p{Cf}]+/gu;

/** Text of others on one line, without anything that a terminal would obey; at most `limit` characters. */
export function printable(text: string, limit = 400): string {
  const line = text.replaceAll(CONTROL, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
