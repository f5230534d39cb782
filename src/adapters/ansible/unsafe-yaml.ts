import type { Json } from '../../domain/canonical-json.js';

/** `\uXXXX`, or `\UXXXXXXXX`, which JSON has not. */
function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/**
 * A value as YAML that is marked as data: Ansible carries out what looks like a template (`{{ … }}`) in extra variables, and a
 * release's configuration may look like one. The mark stands before the whole and not before each text, which Ansible would read
 * anew as a number where it looks like one. JSON is YAML but for characters beyond ASCII, so these are escaped.
 */
export function unsafeYaml(value: Json): string {
  return `!unsafe ${JSON.stringify(value).replace(/[\u007f-\u{10ffff}]/gu, escaped)}\n`;
}
