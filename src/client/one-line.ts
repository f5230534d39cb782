import { SafeguardError } from '../domain/errors.js';
import { objectionToText } from '../domain/texts.js';

/**
 * A text that somebody gave, such as a reason: one line without control characters, not blank, and not too long. Judged here, so that
 * whoever gave it is told in terms of the command line; runs judge again, since anybody may send them anything.
 * @throws SafeguardError REQUEST_INVALID
 */
export function oneLine(option: string, text: string, limit?: number): string {
  const objection = objectionToText(option, text, limit);
  if (objection !== null) throw new SafeguardError('REQUEST_INVALID', objection);
  return text;
}

/** The same for an option that may be left out. */
export function oneLineIfAny(option: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : oneLine(option, text);
}
