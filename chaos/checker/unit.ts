/** A change by the name of its unit, which is its token. */
export interface Token {
  /** With `-rollback` at its end where a lost run is taken back. */
  readonly run: string;
  readonly step: number;
  readonly try: number;
}

/** The token of a change's unit on the hosts of `name`; `null` when it is no change's. */
export function tokenOf(name: string, unit: string): Token | null {
  const prefix = `safeguard-${name}-`;
  if (!unit.startsWith(prefix)) return null;
  const [, run, step, again] = /^(.+)-(\d+)-(\d+)\.(?:scope|service)$/.exec(unit.slice(prefix.length)) ?? [];
  return run === undefined ? null : { run, step: Number(step), try: Number(again) };
}
