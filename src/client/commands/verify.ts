import { EXIT_DIFFERS } from '../../domain/outcome.js';
import { actor, type GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { lookAt } from '../looks.js';
import { describeVerification } from '../view/verification.js';
import { placeOf } from './place.js';

/** Options of `safeguard verify`. */
export interface VerifyOptions extends GlobalOptions {
  readonly by?: string;
}

/** `safeguard verify`: what every host serves, compared with what was committed. Changes nothing. */
export async function verify(
  terminal: Terminal,
  environment: string,
  options: VerifyOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const by = actor(options.by);
  const found = await withSession(options, (session) => lookAt('verify', session, place, by));
  terminal.out(options.json ? JSON.stringify(found) : describeVerification(found, terminal.colour));
  return found.consistent ? 0 : EXIT_DIFFERS;
}
