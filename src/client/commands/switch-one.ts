import { environmentOf, type EnvironmentConfig } from '../../config/load.js';
import { NOTHING_SWITCHED, type Switches, type SwitchWish } from '../../domain/switches.js';
import { configuration, type GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import { liftSwitch, setSwitch, type Said } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { describeHold, holdNow } from '../view/switches.js';

/** Options of every command that sets or lifts a switch. */
export type SwitchOptions = GlobalOptions & Said;

/** The environment that a command names, with its calendar. */
export function namedEnvironment(options: GlobalOptions, environment: string): EnvironmentConfig {
  return environmentOf(configuration(options), environment);
}

/** Sets or lifts one switch of one environment, and says what the environment is then. Answers the exit status. */
export async function switchOne(
  terminal: Terminal,
  { application, name: environment, policy }: EnvironmentConfig,
  wish: SwitchWish,
  done: string,
  options: GlobalOptions,
): Promise<number> {
  const place = { application, environment };
  const sets = wish.kind === 'disable' || wish.kind === 'freeze';
  const answer = await withSession(options, (session) =>
    sets ? setSwitch(session, place, wish) : liftSwitch(session, place, wish),
  );
  const switches: Switches = answer ?? NOTHING_SWITCHED;
  const hold = holdNow(switches, policy.windows);
  if (options.json) {
    terminal.out(JSON.stringify({ ...place, switches, hold }));
    return 0;
  }
  terminal.out(answer === null ? `${environment} never had a run; there was nothing to lift.` : done);
  terminal.out(describeHold(environment, hold));
  if (sets) terminal.out('  What runs goes on; rollbacks and converges are let through.');
  return 0;
}
