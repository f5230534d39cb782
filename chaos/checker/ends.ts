import type { Rest, Violation } from './types.js';
import { violation } from './violation.js';

/** Runs that never ended, by Temporal's word. */
export function judgeEnds({ runs, running }: Pick<Rest, 'runs' | 'running'>): Violation[] {
  const open = runs.filter(({ status }) => status === 'RUNNING');
  const known = new Set(open.map(({ workflowId }) => workflowId));
  return [
    ...open.map((run) => violation('I2', null, `The run ${run.deploymentId} has not ended`, run)),
    ...running
      .filter((id) => !known.has(id))
      .map((id) => violation('I2', null, `The workflow ${id} is still running`, id)),
  ];
}
