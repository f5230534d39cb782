import { configuration, type GlobalOptions } from '../options.js';
import { environmentReport } from '../report.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { environmentPage, overview } from '../view/status.js';
import { placeOf } from './place.js';

/** `safeguard status <environment>`. */
async function statusOfOne(terminal: Terminal, environment: string, options: GlobalOptions): Promise<number> {
  const place = placeOf(options, environment);
  const report = await withSession(options, (session) => environmentReport(session, place));
  const { colour, width } = terminal;
  terminal.out(
    options.json ? JSON.stringify(report) : environmentPage(report, { colour, width, now: Date.now() }),
  );
  return 0;
}

/** `safeguard status`. */
async function statusOfAll(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const { application, environments } = configuration(options);
  const places = [...environments.keys()].map((environment) => ({ application, environment }));
  const reports = await withSession(options, (session) =>
    Promise.all(places.map((place) => environmentReport(session, place))),
  );
  terminal.out(
    options.json ? JSON.stringify(reports) : overview(reports, { colour: terminal.colour, now: Date.now() }),
  );
  return 0;
}

/** `safeguard status [environment]`: what serves, who holds it, who waits, what happened. */
export function status(
  terminal: Terminal,
  environment: string | undefined,
  options: GlobalOptions,
): Promise<number> {
  return environment === undefined
    ? statusOfAll(terminal, options)
    : statusOfOne(terminal, environment, options);
}
