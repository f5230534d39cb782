import type { HostProgram } from '../adapters/host-program.js';
import type { HostInspection } from '../domain/host-protocol.js';

/** The part of the host program that looks. */
export type Inspector = Pick<HostProgram, 'inspect'>;

/**
 * Looks at hosts for several checks of one application that each want something else of the same look: who asks while a host is
 * being looked at is told what that look finds. A look that has ended is not used again.
 */
export function sharedLooks(program: Inspector): Inspector {
  const underWay = new Map<string, Promise<HostInspection>>();
  return {
    inspect: (target, of, options) => {
      const present = underWay.get(target.name);
      if (present) return present;
      const look = program.inspect(target, of, options).finally(() => underWay.delete(target.name));
      underWay.set(target.name, look);
      return look;
    },
  };
}
