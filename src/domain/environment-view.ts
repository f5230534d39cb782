import { auditDetails } from './audit-trail.js';
import type { EnvironmentState, QueuedRun } from './environment-state.js';
import { plain } from './markdown.js';
import { describeRelease } from './release.js';
import { describeSwitches } from './switches.js';
import { wayBackIn, waysOut } from './ways-out.js';

/** What a run is, in a few words: the version for a deployment, `rollback to 1.0.0`, `converge`. */
export function describeRun({ kind, version }: Pick<QueuedRun, 'kind' | 'version'>): string {
  if (kind === 'deployment') return version;
  // Until it is planned, a recovery has no version but what it is.
  return version === '' || version === kind ? kind : `${kind} to ${version}`;
}

/** What others said, in the details of an environment. */
function cell(text: string): string {
  return plain(text, 500);
}

function quarantineLines(name: string, state: EnvironmentState): string[] {
  const { quarantine } = state;
  if (quarantine === null) return [];
  const { since, reason, lost, stands } = quarantine;
  return [
    '',
    `**Quarantined** since ${since}: ${cell(reason)}`,
    ...(lost.length === 0 ? [] : ['', `Lost, and tried again when they answer: **${lost.join(', ')}**`]),
    ...(stands === undefined ? [] : ['', `Not lifted: ${cell(stands)}`]),
    '',
    ...waysOut(name, state).map(({ command, does }) => `- \`${command}\` — ${does}`),
  ];
}

function evictedLines(name: string, { evicted }: EnvironmentState): string[] {
  const rows = Object.values(evicted).map(
    ({ host, by, at, reason, withdrawn }) =>
      `| ${host.name} | ${cell(by)} | ${at} | ${cell(reason)} | ${withdrawn ? 'yes' : '**not yet**'} | \`${wayBackIn(name, host.name)}\` |`,
  );
  if (rows.length === 0) return [];
  return ['', '| evicted | by | at | reason | out of traffic | back |', '|---|---|---|---|---|---|', ...rows];
}

/** How many of those that wait are listed. */
const LISTED = 10;

function queueLines({ queue }: EnvironmentState): string[] {
  const lines = queue
    .slice(0, LISTED)
    .map((run, index) => `${index + 1}. ${describeRun(run)} — ${run.deploymentId}, ${cell(run.requestedBy)}`);
  return queue.length <= LISTED ? lines : [...lines, '', `and ${queue.length - LISTED} more`];
}

function stalledLines({ holder }: EnvironmentState): string[] {
  if (typeof holder?.stalledSince !== 'string') return [];
  return ['', `**No progress since ${holder.stalledSince}**: look at ${holder.workflowId}, or abort it`];
}

function switchLines(name: string, { switches }: EnvironmentState): string[] {
  return describeSwitches(name, switches).flatMap(({ sentence, lift }) => [
    '',
    `**No deployments**: ${cell(sentence)} (\`${lift}\`)`,
  ]);
}

/** Markdown for the Web UI's current details of an environment. */
export function renderEnvironment(name: string, state: EnvironmentState): string {
  const holder = state.holder
    ? `${state.holder.deploymentId} (${describeRun(state.holder)}) since ${state.holder.grantedAt}`
    : 'nobody';
  const history = state.history.slice(0, 5).map((run) => `| ${run.at} | ${run.version} | ${run.outcome} |`);
  return [
    `**${name}** serves ${describeRelease(state.committed)}`,
    ...quarantineLines(name, state),
    ...switchLines(name, state),
    ...evictedLines(name, state),
    ...auditDetails(state.audit),
    '',
    `Held by ${holder}; ${state.queue.length} waiting`,
    ...queueLines(state),
    ...stalledLines(state),
    ...(history.length === 0 ? [] : ['', '| ended | version | outcome |', '|---|---|---|', ...history]),
  ].join('\n');
}
