/** A text as one literal word of bash, zsh and fish alike: on one line, and without what any of them would obey. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/[\p{Cc}\\]/gu, ' ').replaceAll("'", '’')}'`;
}
