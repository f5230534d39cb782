/**
 * Text of others inside Markdown: on one line of at most `characters`, and neither a column, a tag, a link, an image nor emphasis.
 * Two hyphens stay two: Temporal's Web UI would make a dash of them, and a command with it could not be copied.
 */
export function plain(text: string, characters: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const short = line.length <= characters ? line : `${line.slice(0, characters - 1)}…`;
  return short.replaceAll(/[\\|<[*`]|-(?=-)/g, '\\$&');
}
