import { HOST_PROTOCOL } from '../domain/host-protocol.js';
import type { Staying } from './ssh/staying-command.js';

/** What `safeguard-host` writes after each answer when it stays: the exit status, or minus the number of the signal. */
const ENDED = /^\{"type": "ended", "status": (0|-?[1-9]\d{0,2})\}$/;

/** How `safeguard-host` is asked to stay (docs/architecture.md, "A host"); one of before refuses, and is started once a call. */
export const HOST_STAYS: Staying = {
  invitation: `${JSON.stringify({ protocol: HOST_PROTOCOL, operation: 'stay' })}\n`,
  accepts: (line) => line === '{"type": "result", "result": {"stays": true}}',
  endIn: (line) => {
    const told = ENDED.exec(line)?.[1];
    if (told === undefined) return undefined;
    const status = Number(told);
    return status < 0 ? { code: null, signal: `signal ${String(-status)}` } : { code: status, signal: null };
  },
};
