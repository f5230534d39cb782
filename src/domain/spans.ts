/** Time from one moment until just before another, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** True when the moment lies in the span. */
export function contains({ from, until }: Span, moment: number): boolean {
  return from <= moment && moment < until;
}

/** The same time as spans that neither touch nor overlap, in order. */
export function merged(spans: readonly Span[]): Span[] {
  const inOrder = spans.filter(({ from, until }) => from < until).sort((one, other) => one.from - other.from);
  const result: Span[] = [];
  for (const span of inOrder) {
    const last = result.at(-1);
    if (last && span.from <= last.until)
      result.splice(-1, 1, { from: last.from, until: Math.max(last.until, span.until) });
    else result.push(span);
  }
  return result;
}

/** The time that is in none of the spans. */
export function without(spans: readonly Span[]): Span[] {
  const edges = [-Infinity, ...merged(spans).flatMap(({ from, until }) => [from, until]), Infinity];
  const gaps: Span[] = [];
  for (let index = 0; index < edges.length; index += 2) {
    const [from, until] = [edges[index], edges[index + 1]];
    if (from !== undefined && until !== undefined && from < until) gaps.push({ from, until });
  }
  return gaps;
}
