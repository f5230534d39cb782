const CONTROL = /[\p{Cc}\p{Cf}]+/gu;

/** Text of others on one line, without anything that a terminal would obey; at most `limit` characters. */
export function printable(text: string, limit = 400): string {
  const line = text.replaceAll(CONTROL, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

/** A colour that is set or taken back, or a single character that a terminal may obey. */
const OBEYED = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m|\\p{Cc}|\\p{Bidi_Control}`, 'gu');
const LAYOUT = ['\n', '\t'];

/**
 * A text of any length as it is, but with what a terminal would obey written out, as JSON does: `\u001b`. Line breaks and tabs stay, and
 * so do colours where they are `coloured`.
 */
export function writtenOut(text: string, coloured = false): string {
  return text.replaceAll(OBEYED, (found) => {
    if (LAYOUT.includes(found) || (coloured && found.length > 1)) return found;
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}${found.slice(1)}`;
  });
}

/** A sentence that repeats what somebody typed, on one line, and not longer than what can be read: its beginning and its end. */
export function repeated(sentence: string, limit = 400): string {
  const line = writtenOut(sentence).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return line.length <= limit ? line : `${line.slice(0, limit / 2)}…${line.slice(-limit / 2)}`;
}
