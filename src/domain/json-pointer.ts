/** What stands at a JSON pointer (RFC 6901) in a JSON text; `undefined` when the text is no JSON or has nothing there. */
export function readPointer(text: string, pointer: string): unknown {
  const tokens = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return tokens.reduce<unknown>(child, parse(text));
}

function child(value: unknown, token: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, token)) return undefined;
  return (value as Record<string, unknown>)[token];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // No JSON: nothing stands anywhere in it.
    return undefined;
  }
}
