import type { RecoveryRequest, RecoveryWish } from '../../domain/recovery.js';
import { describeRun } from '../../domain/environment-view.js';
import type { EnvironmentStatus, Place } from '../environments.js';
import { oneLine } from '../one-line.js';
import { actor, type GlobalOptions } from '../options.js';
import { recoveryRequest, startNamedRecovery, startRecovery, type StartedRecovery } from '../recoveries.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';
import { webUi } from '../view/links.js';
import { showPlan } from './dry-run.js';
import { followRun } from './follow-run.js';

/** Options of every command that starts a recovery. */
export interface RecoveryOptions extends GlobalOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly follow?: boolean;
  readonly id?: string;
  readonly by?: string;
}

/** What a command says about the recovery before it starts it. */
export interface About {
  /** For people. */
  readonly lines: readonly string[];
  /** The same for programs: keys of the JSON that tells of the start. */
  readonly facts: Readonly<Record<string, string | null>>;
}

/** The request of a command; judged before Temporal is contacted. */
export function requestFrom(place: Place, wish: RecoveryWish, options: RecoveryOptions): RecoveryRequest {
  return recoveryRequest(place, wish, {
    requestedBy: actor(options.by),
    reason: oneLine('--reason', options.reason),
    dryRun: options.dryRun === true,
    id: options.id,
  });
}

/** Who is in the way; empty when nobody is, or nobody can tell. */
export function holderNotes(
  status: EnvironmentStatus | null | undefined,
  { wish: { kind }, dryRun }: RecoveryRequest,
): string[] {
  const holder = status?.holder;
  if (!status || !holder) return [];
  const held = `${holder.deploymentId} (${describeRun(holder)}) holds ${status.environment}`;
  if (dryRun) return [`${held}; what is seen may be its work.`];
  const waits = `${held}: the ${kind} waits for it.`;
  if (holder.kind !== 'deployment') return [waits];
  return [
    waits,
    `  To stop that deployment first: safeguard abort ${status.environment} --id ${holder.deploymentId} --reason '…'`,
  ];
}

/** Starts a recovery, says so, and follows it, or shows its plan, as the options want it. Answers the exit status. */
export async function runRecovery(
  session: Session,
  terminal: Terminal,
  request: RecoveryRequest,
  about: About,
  options: RecoveryOptions,
): Promise<number> {
  const note = options.json ? terminal.err.bind(terminal) : terminal.out.bind(terminal);
  for (const line of about.lines) note(line);
  const start = options.id === undefined ? startRecovery : startNamedRecovery;
  const started = await start(session, request);
  if (request.dryRun) return showPlan(session, terminal, started, options);
  introduce(session, terminal, started, about, options);
  if (!options.follow) return 0;
  const { application, environment, deploymentId, wish } = request;
  const version = wish.kind === 'rollback' ? (wish.to ?? about.facts['to'] ?? '') : '';
  const { workflowId } = started;
  const run = { application, environment, deploymentId, version, kind: wish.kind, workflowId };
  return followRun(session, run, terminal, options);
}

function introduce(
  session: Session,
  terminal: Terminal,
  { workflowId, request, isNew }: StartedRecovery,
  { facts }: About,
  { json, follow }: RecoveryOptions,
): void {
  const { environment, deploymentId, requestedBy, reason, wish } = request;
  const { kind } = wish;
  const ui = webUi(session.settings.address, session.settings.namespace, workflowId);
  if (json) {
    // With --follow the one JSON object is the end.
    const told = { deploymentId, workflowId, kind, environment, isNew, ui, ...facts };
    if (!follow) terminal.out(JSON.stringify(told));
    return;
  }
  const verb = isNew ? 'Started' : 'Found the running or ended';
  terminal.out(`${verb} ${kind} ${deploymentId} of ${environment}, for ${requestedBy}: ${reason}`);
  terminal.out(`  workflow ${workflowId}`);
  if (ui !== null) terminal.out(`  Web UI   ${ui}`);
  if (!follow) terminal.out(`  watch    safeguard watch ${environment} --id ${deploymentId}`);
}
