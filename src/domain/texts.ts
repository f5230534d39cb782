/** Longest name or reason that is taken, in characters. */
export const LINE_LIMIT = 200;

/** What is not seen: a text of nothing else says nothing. */
const UNSEEN = /[\s\p{Z}\p{Cf}\p{Cc}]/gu;
/** What breaks a line, and what a terminal obeys. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Why a text that somebody gives can not stand in lists, logs and sentences as it is, or `null`. `name`: what it was given as, such as
 * `--reason`; the text itself is not repeated, since it may hold anything.
 */
export function objectionToText(name: string, text: string, limit = LINE_LIMIT): string | null {
  const length = Array.from(text).length;
  if (length > limit) return `${name} has ${length} characters; at most ${limit} are taken.`;
  if (text.replaceAll(UNSEEN, '') === '') return `${name} is blank; it has to say something.`;
  if (CONTROL.test(text))
    return `${name} has a line break or another control character; only one line of plain text is taken.`;
  return null;
}
