import { preparedLayers } from '../lab/prepared.js';
import { findTemporal } from '../src/dev/temporal-binary.js';
import { flyway } from './flyway.js';
import { campusJar } from './maven.js';
import { say } from './say.js';

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = Date.now();
  await work();
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 1) say(`${what}: ${seconds.toFixed(0)} s`);
}

/**
 * Everything that the demo and the tests need on the machine, built or downloaded once and kept in the cache. Apt can't do two things at
 * once, so what installs packages comes one after the other, beside the long build of the Temporal CLI.
 */
export async function ensureRequirements(): Promise<void> {
  await Promise.all([
    timed('Temporal CLI', findTemporal),
    (async () => {
      await timed('lab image', () => preparedLayers([]));
      await timed('campus backend', campusJar);
      await timed('Flyway', flyway);
    })(),
  ]);
}
