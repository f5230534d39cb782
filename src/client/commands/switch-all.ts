import { EXIT_UNREACHABLE } from '../../domain/outcome.js';
import type { Switches, SwitchWish } from '../../domain/switches.js';
import { configuration, type GlobalOptions } from '../options.js';
import { withSession, type Session } from '../session.js';
import { livingEnvironments } from '../switches.js';
import type { Place } from '../environments.js';
import type { Terminal } from '../terminal.js';
import { describeError, exitStatusOf } from '../view/error.js';
import { printable } from '../view/printable.js';

/** What came of it for one environment. */
interface Told {
  readonly environment: string;
  /** `null`: it could not be told. */
  readonly line: string | null;
  readonly switches: Switches | null;
  readonly error: unknown;
}

/** What is done with each environment, and how that is said. */
export interface ForAll {
  readonly wish: SwitchWish;
  readonly tell: (session: Session, place: Place, wish: SwitchWish) => Promise<Switches | null>;
  /** `switches`: as they are now; `null`: the environment never had a run. */
  readonly line: (switches: Switches | null) => string;
}

/**
 * Sets or lifts a switch of every environment: those that the configuration names, and those that live on the server. Each is told
 * whatever comes of the others. Answers the exit status: 0 when all were told.
 */
export async function switchAll(terminal: Terminal, all: ForAll, options: GlobalOptions): Promise<number> {
  const { application, environments } = configuration(options);
  const told = await withSession(options, async (session) => {
    const living = await livingEnvironments(session, application);
    const names = [...new Set([...environments.keys(), ...living])];
    return Promise.all(names.map((environment) => tellOne(session, { application, environment }, all)));
  });
  const failed = told.filter(({ line }) => line === null);
  if (options.json) terminal.out(JSON.stringify(told.map(forPrograms)));
  else show(terminal, told);
  if (failed.length === 0) return 0;
  terminal.err(
    `${failed.length} of ${told.length} could not be told: ${failed.map(({ environment }) => environment).join(', ')}. The same command again tells them, and changes nothing for the others.`,
  );
  const statuses = failed.map(({ error }) => exitStatusOf(error));
  return statuses.includes(EXIT_UNREACHABLE) ? EXIT_UNREACHABLE : Math.max(...statuses);
}

async function tellOne(session: Session, place: Place, { wish, tell, line }: ForAll): Promise<Told> {
  const { environment } = place;
  try {
    const switches = await tell(session, place, wish);
    return { environment, line: line(switches), switches, error: null };
  } catch (error) {
    return { environment, line: null, switches: null, error };
  }
}

function show(terminal: Terminal, told: readonly Told[]): void {
  const width = Math.max(...told.map(({ environment }) => environment.length));
  for (const { environment, line, error } of told) {
    const name = environment.padEnd(width);
    if (line !== null) terminal.out(`${name}  ${printable(line, 1000)}`);
    else terminal.err(`${name}  NOT TOLD: ${describeError(error, false)}`);
  }
}

function forPrograms({ environment, line, switches, error }: Told) {
  const message = error instanceof Error ? error.message : null;
  return { environment, isTold: line !== null, switches, error: message };
}
