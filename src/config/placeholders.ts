/** Names that `{name}` may stand for; numbers keep their type where a placeholder is the whole text. */
export type Placeholders = Readonly<Record<string, string | number>>;

const PLACEHOLDER = /(?<!\$)\{([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?)\}/g;

/** Filled in later, when a release is put together or lies on a host. */
const LATER: ReadonlySet<string> = new Set(['release', 'version']);

/** Called with the path and name of a placeholder that stands for nothing. */
export type UnknownPlaceholder = (path: readonly PropertyKey[], name: string) => void;

function fillText(text: string, known: Placeholders, unknown: (name: string) => void): string | number {
  const whole = /^\{([a-z][a-z0-9_.]*)\}$/.exec(text)?.[1];
  if (whole !== undefined && typeof known[whole] === 'number') return known[whole];
  return text.replace(PLACEHOLDER, (match, name: string) => {
    if (Object.hasOwn(known, name)) return String(known[name]);
    if (!LATER.has(name)) unknown(name);
    return match;
  });
}

/** Replaces `{vars.x}` and the like in every text of a value; keys stay as they are. */
export function fillPlaceholders(
  value: unknown,
  known: Placeholders,
  unknown: UnknownPlaceholder,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === 'string') return fillText(value, known, (name) => unknown(path, name));
  if (Array.isArray(value))
    return value.map((item, index) => fillPlaceholders(item, known, unknown, [...path, index]));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillPlaceholders(item, known, unknown, [...path, key])]),
  );
}

/** Names of the placeholders that are still in the texts of a value, each once. */
export function placeholdersIn(value: unknown): string[] {
  if (typeof value === 'string')
    return [...new Set([...value.matchAll(PLACEHOLDER)].map(([, name = '']) => name))];
  if (value === null || typeof value !== 'object') return [];
  return [...new Set(Object.values(value).flatMap(placeholdersIn))];
}
