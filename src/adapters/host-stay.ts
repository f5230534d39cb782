import { HOST_PROTOCOL } from '../domain/host-protocol.js';
import type { Archive } from './host-archive.js';
import type { HostAnswer } from './host-answer.js';
import type { CommandEnd } from './ssh/call.js';
import type { Staying } from './ssh/staying-command.js';

/** What `safeguard-host` writes after each answer when it stays: the exit status, or minus the number of the signal. */
const ENDED = /^\{"type": "ended", "status": (0|-?[1-9]\d{0,2})\}$/;

/**
 * How `safeguard-host` is asked to stay (docs/architecture.md, "A host"); one of before refuses, and is started once a call. After a
 * call with an archive that failed, the program ends: nobody knows what of it is still on the channel.
 */
export function hostStays(answer: HostAnswer, archive: Archive | undefined): Staying {
  return {
    invitation: `${JSON.stringify({ protocol: HOST_PROTOCOL, operation: 'stay' })}\n`,
    accepts: (line) => line === '{"type": "result", "result": {"stays": true, "receives": true}}',
    endIn,
    takesBody: (line) => line === '{"type": "ready"}',
    isSound: ({ code }) =>
      answer.ending !== undefined && answer.garbage === undefined && (!archive || code === 0),
  };
}

function endIn(line: string): CommandEnd | undefined {
  const told = ENDED.exec(line)?.[1];
  if (told === undefined) return undefined;
  const status = Number(told);
  return status < 0 ? { code: null, signal: `signal ${String(-status)}` } : { code: status, signal: null };
}
