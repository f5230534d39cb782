/** `12.3 s`, `4 min 10 s`, `2 h 5 min`; never negative, since two machines' clocks differ. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long something took, or has been going on at `now`; empty when it did not begin. */
export function elapsed(
  span: { readonly startedAt: string | null; readonly endedAt: string | null },
  now: number,
): string {
  if (span.startedAt === null) return '';
  const end = span.endedAt === null ? now : Date.parse(span.endedAt);
  return duration(end - Date.parse(span.startedAt));
}

/** `2026-11-21 11:45:12Z` of an ISO time. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}
