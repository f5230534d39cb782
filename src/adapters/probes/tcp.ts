import { attempt, type ProbeOptions } from './attempt.js';
import type { Dial } from './dial.js';

/** Whether something accepts a connection; answers how long that took, in milliseconds. Throws NOT_REACHED. */
export async function tcpProbe(dial: Dial, options: ProbeOptions = {}): Promise<number> {
  const started = performance.now();
  return attempt(`TCP to ${dial.place}`, options, async (signal) => {
    const socket = await dial.open(signal);
    socket.destroy();
    return Math.round(performance.now() - started);
  });
}
