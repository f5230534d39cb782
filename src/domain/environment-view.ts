import type { EnvironmentState } from './environment-state.js';
import { describeRelease } from './release.js';

/** Markdown for the Web UI's current details of an environment. */
export function renderEnvironment(name: string, state: EnvironmentState): string {
  const holder = state.holder
    ? `${state.holder.deploymentId} (${state.holder.version}) since ${state.holder.grantedAt}`
    : 'nobody';
  const queue = state.queue.map(
    (run, index) => `${index + 1}. ${run.version} — ${run.deploymentId}, ${run.requestedBy}`,
  );
  const history = state.history.slice(0, 5).map((run) => `| ${run.at} | ${run.version} | ${run.outcome} |`);
  return [
    `**${name}** serves ${describeRelease(state.committed)}`,
    ...(state.quarantine === null
      ? []
      : ['', `**Quarantined** since ${state.quarantine.since}: ${state.quarantine.reason}`]),
    '',
    `Held by ${holder}; ${state.queue.length} waiting`,
    ...queue,
    ...(history.length === 0 ? [] : ['', '| ended | version | outcome |', '|---|---|---|', ...history]),
  ].join('\n');
}
