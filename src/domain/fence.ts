import type { FencingToken } from './host-protocol.js';

/** What something that is fenced knows of the tokens it accepted. */
export interface HeldToken {
  readonly token: FencingToken;
  /** Incarnations that held it before and were replaced. */
  readonly former: readonly string[];
}

/** Whether a token is accepted, and whose place it takes when it comes from another life of the environment. */
export type FenceVerdict =
  { readonly accepted: true; readonly replaces: string | null } | { readonly accepted: false };

function isOlder(asked: FencingToken, held: FencingToken): boolean {
  if (asked.epoch !== held.epoch) return asked.epoch < held.epoch;
  if (asked.run !== held.run) return true;
  const pairs = [
    [asked.step, held.step],
    [asked.try, held.try],
    [asked.attempt, held.attempt],
  ] as const;
  const [a, b] = pairs.find(([one, other]) => one !== other) ?? [0, 0];
  return a < b;
}

/** True for the very same place of the same run. */
export function sameToken(a: FencingToken, b: FencingToken): boolean {
  return a.incarnation === b.incarnation && a.run === b.run && !isOlder(a, b) && !isOlder(b, a);
}

/**
 * The table in docs/architecture.md, "Fencing", for what has no `adopt` of its own, such as the database: the environment's hosts are
 * the authority for adoption, so an incarnation that was never seen is accepted. One that was replaced comes back only with a
 * higher epoch, which it gets when its hosts are adopted again; what is left of it from before has none.
 */
export function fence(held: HeldToken | null, asked: FencingToken): FenceVerdict {
  if (held === null) return { accepted: true, replaces: null };
  const { token, former } = held;
  if (token.incarnation === asked.incarnation)
    return isOlder(asked, token) ? { accepted: false } : { accepted: true, replaces: null };
  if (former.includes(asked.incarnation) && asked.epoch <= token.epoch) return { accepted: false };
  return { accepted: true, replaces: token.incarnation };
}

/** `run 20261121-114512-k3f9ab (epoch 7, 5.1.1)`: how a token reads in messages. */
export function describeToken({ run, epoch, step, try: tryNumber, attempt }: FencingToken): string {
  return `run ${run} (epoch ${epoch}, ${step}.${tryNumber}.${attempt})`;
}
