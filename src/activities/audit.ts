import { Context } from '@temporalio/activity';
import type { AuditEvent, AuditLine } from '../domain/audit.js';
import { SafeguardError, type ErrorCode } from '../domain/errors.js';
import * as messages from '../workflows/messages.js';
import { untilDone } from './coded-failures.js';
import type { Dependencies, Where } from './dependencies.js';

/** What may be mended while it is tried again. */
const PASSING: readonly ErrorCode[] = ['AUDIT_NOT_WRITTEN', 'SECRET_MISSING'];

/**
 * Keeps lines of an audit trail, each exactly once, in their order. Lines that lie in the store already, byte for byte, were kept by an
 * earlier attempt.
 * @throws ApplicationFailure AUDIT_NOT_WRITTEN, retryable; SafeguardError AUDIT_BROKEN where the store holds something else
 */
export async function keepAudit(
  { audit }: Dependencies,
  { lines }: { readonly lines: readonly AuditLine[] },
): Promise<void> {
  for (const line of lines) {
    try {
      await audit.keep(line);
    } catch (error) {
      if (!(error instanceof SafeguardError) || !PASSING.includes(error.code)) throw error;
      await untilDone(() => Promise.reject(error));
    }
  }
}

/**
 * Tells an environment what its trail is to keep. Its entity workflow begins with that, where nothing was ever asked of it; an
 * environment that this worker does not know has no trail.
 */
export async function noteAudit(
  { temporal, config }: Dependencies,
  { application, environment, events }: Where & { readonly events: readonly AuditEvent[] },
): Promise<void> {
  if (application !== config.application || !config.environments.has(environment)) return;
  await untilDone(async () => {
    try {
      await temporal.workflow.signalWithStart('environment', {
        workflowId: messages.environmentWorkflowId(application, environment),
        taskQueue: Context.current().info.taskQueue,
        args: [{ application, environment }],
        typedSearchAttributes: messages.attributes({ application, environment }),
        staticSummary: `Environment ${environment}`,
        signal: messages.audit,
        signalArgs: [events],
      });
    } catch (cause) {
      const message = `The environment ${environment} could not be told of what its audit trail is to keep.`;
      throw new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
    }
  });
}
