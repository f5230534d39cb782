import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './errors.js';

/**
 * Waits until `reached` says so, asking every `everyMs`. Throws a `LabError` naming `state` after `limitMs`.
 */
export async function waitUntil(
  state: string,
  reached: () => boolean | Promise<boolean>,
  limitMs = 30_000,
  everyMs = 20,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await reached())) {
    if (Date.now() > deadline) throw new LabError(`Waited ${limitMs / 1000} s in vain: ${state}`);
    await delay(everyMs);
  }
}
