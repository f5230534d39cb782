import type { AimedCell } from '../cells.js';
import type { Scenario } from '../draw-types.js';

/** One exact replacement in one file. `find` has to occur there exactly once, so that a refactoring cannot void it unseen. */
export interface Replacement {
  /** From the top of the checkout. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The product with exactly one safeguard switched off, as data: the product knows nothing of it. */
export interface Mutation {
  readonly name: string;
  /** The safeguard that is switched off, and what that means. */
  readonly switchesOff: string;
  readonly replacements: readonly Replacement[];
  /** Cells that ought to expose it, the likeliest first. */
  readonly aimedAt: readonly AimedCell[];
  /** In which these cells show it. */
  readonly scenarios: readonly Scenario[];
  /** What has to come together for it to be seen, and what else would keep it from being seen. */
  readonly timing: string;
}

/**
 * A file's text with one replacement carried out.
 * @throws Error when `find` is not there exactly once
 */
export function replaced(text: string, { file, find, replace }: Replacement): string {
  const pieces = text.split(find);
  if (pieces.length !== 2)
    throw new Error(`${file} has ${pieces.length - 1} times, not once: ${JSON.stringify(find)}`);
  return pieces.join(replace);
}

/**
 * The mutated text of every file that a mutation changes, by path.
 * @param read gives the text of a file of the checkout
 * @throws Error when a replacement does not fit
 */
export function mutatedFiles(mutation: Mutation, read: (file: string) => string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const replacement of mutation.replacements) {
    const { file } = replacement;
    texts.set(file, replaced(texts.get(file) ?? read(file), replacement));
  }
  return texts;
}
