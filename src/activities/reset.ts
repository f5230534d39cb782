import { Context } from '@temporalio/activity';
import { SafeguardError } from '../domain/errors.js';

/**
 * A workflow that a person reset goes on under another run id, with the old run's leave to change hosts; by then the environment
 * has noticed that its holder is gone, and brings it back. `grantedTo`: the run that the leave was given to.
 * @throws SafeguardError RUN_WAS_RESET
 */
export function assertNotReset(grantedTo: string | undefined): void {
  const { runId } = Context.current().info.workflowExecution ?? {};
  if (grantedTo === undefined || grantedTo === runId) return;
  throw new SafeguardError(
    'RUN_WAS_RESET',
    'This run was reset after it had been given the environment; it changes nothing any more.',
  );
}
