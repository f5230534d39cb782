function inBase64(value: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${' '.repeat(shift)}${value}`).toString('base64');
    // The first and the last characters depend on what stands beside the value.
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  return encoded.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** A value as it may stand in a text: plain, in JSON, in a URL, in hexadecimal, in base64 wherever it begins within three bytes. */
export function forms(value: string): string[] {
  const hex = Buffer.from(value).toString('hex');
  const quoted = JSON.stringify(value).slice(1, -1);
  const all = [value, quoted, encodeURIComponent(value), hex, hex.toUpperCase(), ...inBase64(value)];
  return [...new Set(all)];
}

/** True when a text has any of the forms. */
export function shows(text: string | Buffer, wanted: readonly string[]): boolean {
  return wanted.some((form) => text.includes(form));
}

/** True when an exported history has any of the forms, in itself or in what its payloads are. */
export function historyShows(history: string, wanted: readonly string[]): boolean {
  if (shows(history, wanted)) return true;
  const payloads = history.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g);
  return [...payloads].some(([, data = '']) => shows(Buffer.from(data, 'base64'), wanted));
}
