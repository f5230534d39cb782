import { auditDetails } from './audit-trail.js';
import type { EnvironmentState, QueuedRun } from './environment-state.js';
import { describeRelease } from './release.js';
import { wayBackIn, waysOut } from './ways-out.js';

/** What a run is, in a few words: the version for a deployment, `rollback to 1.0.0`, `converge`. */
export function describeRun({ kind, version }: Pick<QueuedRun, 'kind' | 'version'>): string {
  if (kind === 'deployment') return version;
  return version === '' ? kind : `${kind} to ${version}`;
}

/** Text of others inside Markdown: on one line, and no column of its own. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 500);
}

function quarantineLines(name: string, state: EnvironmentState): string[] {
  const { quarantine } = state;
  if (quarantine === null) return [];
  const { since, reason, lost } = quarantine;
  return [
    '',
    `**Quarantined** since ${since}: ${cell(reason)}`,
    ...(lost.length === 0 ? [] : ['', `Lost, and tried again when they answer: **${lost.join(', ')}**`]),
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

/** Markdown for the Web UI's current details of an environment. */
export function renderEnvironment(name: string, state: EnvironmentState): string {
  const holder = state.holder
    ? `${state.holder.deploymentId} (${describeRun(state.holder)}) since ${state.holder.grantedAt}`
    : 'nobody';
  const queue = state.queue.map(
    (run, index) => `${index + 1}. ${describeRun(run)} — ${run.deploymentId}, ${run.requestedBy}`,
  );
  const history = state.history.slice(0, 5).map((run) => `| ${run.at} | ${run.version} | ${run.outcome} |`);
  return [
    `**${name}** serves ${describeRelease(state.committed)}`,
    ...quarantineLines(name, state),
    ...evictedLines(name, state),
    ...auditDetails(state.audit),
    '',
    `Held by ${holder}; ${state.queue.length} waiting`,
    ...queue,
    ...(history.length === 0 ? [] : ['', '| ended | version | outcome |', '|---|---|---|', ...history]),
  ].join('\n');
}
