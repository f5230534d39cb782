import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** How long the processors are looked at. */
const SAMPLE_MS = 250;

function times(): { readonly idle: number; readonly all: number } {
  const each = cpus().map(({ times: spent }) => spent);
  const idle = each.reduce((sum, one) => sum + one.idle, 0);
  const all = each.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.idle + one.irq, 0);
  return { idle, all };
}

/** Percent of this machine's processor time in a quarter of a second from now, and of its memory in use. Rejects with the signal's reason. */
export async function ownNumbers(signal: AbortSignal): Promise<{ cpu: number; memory: number }> {
  const before = times();
  await delay(SAMPLE_MS, undefined, { signal });
  const after = times();
  const all = Math.max(1, after.all - before.all);
  return {
    cpu: 100 * (1 - (after.idle - before.idle) / all),
    memory: 100 * (1 - freemem() / totalmem()),
  };
}
