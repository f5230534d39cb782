import type { AuditEvent } from '../domain/audit.js';
import { aborted, ended, requested } from '../domain/audit-events.js';
import type { QueuedRun } from '../domain/environment-state.js';
import { duties } from './activities.js';
import type { Ending } from './ending.js';
import type { Run } from './run.js';
import { isGoverned } from './versions.js';

/** Why a run was asked for, as far as its caller said. */
function whyOf(run: Run): string {
  const { adopt, override, force } = run.request;
  return [
    run.why,
    override === undefined ? '' : `overrides the calendar: ${override}`,
    adopt === null ? '' : `adopts the hosts: ${adopt}`,
    force ? 'forced' : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** The commit of what is deployed; by the release's own word, or by the caller's before it was looked at. */
function commitOf(run: Run): string | null {
  return run.release?.gitSha ?? run.request.source?.commit ?? null;
}

function whoAsks(
  run: Run,
): Pick<AuditEvent, 'deploymentId' | 'version' | 'commit'> & { version: string; deploymentId: string } {
  const { deploymentId, version } = run.request;
  return { deploymentId, version: run.release?.version ?? version, commit: commitOf(run) };
}

/** What a run says to the trail when it asks for its environment. */
export function asking(run: Run): Pick<QueuedRun, 'reason' | 'commit'> {
  return { reason: whyOf(run), commit: commitOf(run) };
}

/** What a run has to say to the trail when it ends: who stopped it, and what came of it. */
export function lastWords(run: Run, { outcome, message }: Ending): AuditEvent[] {
  const facts = { ...whoAsks(run), planHash: run.planHash };
  return [
    ...(run.interruption ? [aborted(facts, run.interruption)] : []),
    ended({ ...facts, outcome, message, at: new Date().toISOString() }),
  ];
}

/** The environment begins to live with the first thing that is told to it. */
async function told(run: Run, events: readonly AuditEvent[]): Promise<void> {
  const { requestedBy } = run.request;
  const request = requested({ ...whoAsks(run), ...asking(run), requestedBy, enqueuedAt: run.startedAt });
  await duties.noteAudit({ ...run.target, events: [request, ...events] });
}

/** Hands an event to the audit trail of the run's environment, which has it when this returns. */
export async function audited(
  run: Run,
  event: Omit<AuditEvent, 'at' | 'deploymentId' | 'version' | 'commit'>,
): Promise<void> {
  if (!isGoverned()) return;
  await told(run, [{ ...event, ...whoAsks(run), at: new Date().toISOString() }]);
}

/** A run ends that its environment never heard of: refused, rejected or held back before it was its turn to ask. */
export async function auditedUnheard(run: Run, ending: Ending): Promise<void> {
  if (ending.outcome === 'DRY_RUN' || !isGoverned()) return;
  await told(run, lastWords(run, ending));
}
