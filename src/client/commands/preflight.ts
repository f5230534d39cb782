import { assertVersion, environmentOf } from '../../config/load.js';
import { EXIT_DIFFERS } from '../../domain/outcome.js';
import type { PreflightLevel } from '../../domain/preflight.js';
import { releaseSource } from '../ci.js';
import { ciJob } from '../ci-job.js';
import { look } from '../looks.js';
import { actor, configuration, type GlobalOptions } from '../options.js';
import { withSession } from '../session.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { describePreflight } from '../view/preflight.js';

/** Options of `safeguard preflight`. */
export interface PreflightOptions extends GlobalOptions {
  readonly version: string;
  readonly level?: PreflightLevel;
  readonly commit?: string;
  readonly ref?: string;
  readonly by?: string;
}

/** `safeguard preflight`: everything that a deployment of this release would need, as a table. Changes nothing. */
export async function preflight(
  terminal: Terminal,
  environment: string,
  options: PreflightOptions,
): Promise<number> {
  const config = configuration(options);
  assertVersion(environmentOf(config, environment), options.version);
  const { version, level } = options;
  const source = releaseSource(options, process.env)?.source;
  const wish = {
    requestedBy: actor(options.by),
    version,
    ...(level !== undefined && { level }),
    ...(source !== undefined && { source }),
  };
  const place = { application: config.application, environment };
  const report = await withSession(options, (session) => look('preflight', session, place, wish));
  terminal.out(options.json ? JSON.stringify(report) : describePreflight(report, sheetOf(terminal)));
  await ciJob(process.env, terminal).looked(report);
  return report.passed ? 0 : EXIT_DIFFERS;
}
