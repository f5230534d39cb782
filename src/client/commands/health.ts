import { setTimeout as delay } from 'node:timers/promises';
import type { HealthLook } from '../../domain/check.js';
import { SafeguardError } from '../../domain/errors.js';
import { EXIT_DIFFERS } from '../../domain/outcome.js';
import { lookAt } from '../looks.js';
import { actor, type GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { describeHealth, HealthHistory, healthLine } from '../view/health.js';
import { placeOf } from './place.js';

/** Options of `safeguard health`. */
export interface HealthOptions extends GlobalOptions {
  readonly by?: string;
  readonly watch?: boolean;
  /** Seconds between two looks. */
  readonly every?: number;
}

/** `safeguard health`: every check of the committed release, now, or again and again until Ctrl-C. Changes nothing. */
export async function health(
  terminal: Terminal,
  environment: string,
  options: HealthOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const by = actor(options.by);
  const look = (): Promise<HealthLook> =>
    withSession(options, (session) => lookAt('health', session, place, by));
  if (options.watch === true) return watch(terminal, look, options);
  const found = await look();
  terminal.out(options.json ? JSON.stringify(found) : describeHealth(found, sheetOf(terminal)));
  return found.healthy ? 0 : EXIT_DIFFERS;
}

/** Never returns: a table that is drawn over itself on a terminal; elsewhere a line, or JSON, for each look. */
async function watch(
  terminal: Terminal,
  look: () => Promise<HealthLook>,
  { json, every = 10 }: HealthOptions,
): Promise<never> {
  const history = new HealthHistory();
  const { createLogUpdate } = await import('log-update');
  const draw = terminal.live && !json ? createLogUpdate(process.stdout) : null;
  const say = (line: string): void => terminal.err(`${new Date().toISOString().slice(11, 19)}Z ${line}`);
  // What can't be looked at to begin with is told as ever; later it is a trouble that may pass.
  for (let found: HealthLook | null = await look(); ; found = await later(look, say)) {
    if (found !== null) {
      history.add(found);
      if (json) terminal.out(JSON.stringify(found));
      else if (draw) draw(describeHealth(found, sheetOf(terminal), history));
      else terminal.out(`${new Date().toISOString().slice(11, 19)}Z ${healthLine(found)}`);
    }
    await delay(every * 1000);
  }
}

async function later(
  look: () => Promise<HealthLook>,
  say: (line: string) => void,
): Promise<HealthLook | null> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    say(`! ${error.code}: ${error.message}`);
    return null;
  }
}
