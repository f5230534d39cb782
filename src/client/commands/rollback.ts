import { environmentOf } from '../../config/load.js';
import type { RecoveryRequest } from '../../domain/recovery.js';
import { describeRelease } from '../../domain/release.js';
import { environmentStatus, type EnvironmentStatus } from '../environments.js';
import { configuration } from '../options.js';
import { chosenComponents, rollbackTarget } from '../rollback-target.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { holderNotes, requestFrom, runRecovery, type About, type RecoveryOptions } from './run-recovery.js';

/** Options of `safeguard rollback`. */
export interface RollbackOptions extends RecoveryOptions {
  readonly to?: string;
}

/** `safeguard rollback`: every host to an earlier release, by the environment's own memory of what was committed. */
export async function rollback(
  terminal: Terminal,
  environment: string,
  named: readonly string[],
  options: RollbackOptions,
): Promise<number> {
  const config = environmentOf(configuration(options), environment);
  const components = chosenComponents(named, Object.keys(config.components));
  const wish = { kind: 'rollback', to: options.to ?? null, components } as const;
  const request = requestFrom({ application: config.application, environment: config.name }, wish, options);
  return withSession(options, async (session) => {
    const status = await environmentStatus(session, request);
    const about = aboutIt(request, status, components, options);
    return runRecovery(session, terminal, request, about, options);
  });
}

function aboutIt(
  request: RecoveryRequest,
  status: EnvironmentStatus | null,
  components: readonly string[] | null,
  { to }: RollbackOptions,
): About {
  const { environment, dryRun } = request;
  const target = rollbackTarget(environment, status, to);
  const committed = status?.committed ?? null;
  const what = components === null ? 'all components' : `only ${components.join(', ')}`;
  const waits = holderNotes(status, request);
  return {
    lines: [
      `${environment} serves ${describeRelease(committed)}; back to ${describeRelease(target)}, ${what}`,
      ...waits,
      ...(waits.length > 0 && to === undefined && !dryRun ? [movingTarget(target.version)] : []),
    ],
    facts: { from: committed?.version ?? null, to: target.version },
  };
}

/** Which release is "the one before" is decided when the rollback's turn comes. */
function movingTarget(version: string): string {
  return `  If that run commits something first, the release before will be another than ${version}; --to names one for certain.`;
}
