import { releaseSource, type FoundSource } from '../ci.js';
import { oneLineIfAny } from '../one-line.js';
import { actor, configuration } from '../options.js';
import { withSession, type Session } from '../session.js';
import { requestOf, startDeployment, startNamed, type Started } from '../start.js';
import type { Terminal } from '../terminal.js';
import { webUi } from '../view/links.js';
import { showDryRun } from './deploy-dry-run.js';
import { followRun, type FollowOptions } from './follow-run.js';

/** Options of `safeguard deploy`. */
export interface DeployOptions extends FollowOptions {
  readonly version: string;
  readonly follow?: boolean;
  readonly force?: boolean;
  readonly adopt?: string;
  readonly by?: string;
  readonly id?: string;
  readonly ifBusy?: 'wait' | 'fail';
  /** Seconds. */
  readonly maxWait?: number;
  readonly override?: string;
  readonly dryRun?: boolean;
  readonly commit?: string;
  readonly ref?: string;
}

/** `safeguard deploy`: everything that can be judged here is judged before anything is started. */
export async function deploy(
  terminal: Terminal,
  environment: string,
  options: DeployOptions,
): Promise<number> {
  const found = releaseSource(options, process.env);
  const request = requestOf(configuration(options), {
    environment,
    version: options.version,
    requestedBy: actor(options.by),
    force: options.force === true,
    adopt: oneLineIfAny('--adopt', options.adopt) ?? null,
    id: options.id,
    ifBusy: options.ifBusy,
    maxWaitSeconds: options.maxWait,
    override: oneLineIfAny('--override', options.override),
    dryRun: options.dryRun,
    source: found?.source,
  });
  return withSession(options, async (session) => {
    const start = options.id === undefined ? startDeployment : startNamed;
    const started = await start(session, request);
    if (options.dryRun) return showDryRun(session, terminal, started, options);
    introduce(terminal, session, started, found, options);
    if (!options.follow) return 0;
    const run = { ...request, kind: 'deployment', workflowId: started.workflowId } as const;
    return followRun(session, run, terminal, options);
  });
}

function introduce(
  terminal: Terminal,
  session: Session,
  started: Started,
  found: FoundSource | null,
  options: DeployOptions,
): void {
  const { request, workflowId, isNew } = started;
  const { environment, version, deploymentId } = request;
  const ui = webUi(session.settings.address, session.settings.namespace, workflowId);
  if (options.json) {
    // With --follow the one JSON object is the end.
    if (!options.follow)
      terminal.out(
        JSON.stringify({ deploymentId, workflowId, environment, version, isNew, ui, source: found }),
      );
    return;
  }
  const verb = isNew ? 'Started' : 'Found the running or ended';
  terminal.out(
    `${verb} deployment ${deploymentId}: ${version} to ${environment}, for ${request.requestedBy}`,
  );
  terminal.out(`  workflow ${workflowId}`);
  if (ui !== null) terminal.out(`  Web UI   ${ui}`);
  if (options.verbose) terminal.out(`  origin   ${describeSource(found)}`);
  if (!options.follow) terminal.out(`  watch    safeguard watch ${environment} --id ${deploymentId}`);
  terminal.out(`  abort    safeguard abort ${environment} --id ${deploymentId}`);
}

/** By whose word the release comes from where. */
function describeSource(found: FoundSource | null): string {
  if (found === null) return 'nobody says it (--commit, --ref)';
  const { source, from } = found;
  const commit = source.commit === null ? null : `commit ${source.commit} (${from.commit ?? ''})`;
  const ref = source.ref === null ? null : `${source.ref} (${from.ref ?? ''})`;
  return [commit, ref].filter((part) => part !== null).join(', ');
}
