import type { HostProgram } from '../adapters/host-program.js';
import type { HostInspection } from '../domain/host-protocol.js';

/** The part of the host program that looks. */
export type Inspector = Pick<HostProgram, 'inspect'>;

/** Carries out a look, or joins the one of this key that is under way. A look that has ended is not used again. */
export type Shared<T> = (key: string, look: () => Promise<T>) => Promise<T>;

/** For several checks that each want something else of the same look: who asks while it is under way is told what it finds. */
export function shared<T>(): Shared<T> {
  const underWay = new Map<string, Promise<T>>();
  return (key, look) => {
    const present = underWay.get(key);
    if (present) return present;
    const begun = look().finally(() => underWay.delete(key));
    underWay.set(key, begun);
    return begun;
  };
}

/** The same for looks at the hosts of one application. */
export function sharedLooks(program: Inspector): Inspector {
  const share = shared<HostInspection>();
  return { inspect: (target, of, options) => share(target.name, () => program.inspect(target, of, options)) };
}
