import type { RunKind } from '../domain/environment-state.js';
import { ERRORS } from '../domain/errors.js';
import type { IncidentMarker, RunRecord } from '../domain/run.js';

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** From which version to which; a rollback by hand is recorded with the version that it went to, all others with the one that failed. */
function direction(
  { version, previousVersion }: RunRecord,
  by: RunKind,
): [failed: string, restored: string | null] {
  return by === 'rollback' ? [previousVersion ?? 'nothing', version] : [version, previousVersion];
}

/** The mark that a rollback leaves for people (spec S17). `by`: what the run was for. */
export function incidentOf(record: RunRecord, by: RunKind): IncidentMarker {
  const [failed, restored] = direction(record, by);
  return {
    schema: 'safeguard/incident/v1',
    deploymentId: record.deploymentId,
    workflowId: record.workflowId,
    application: record.application,
    environment: record.environment,
    title: `[${capital(record.environment)} Rollback] ${failed} → ${restored ?? 'nothing'}`,
    failedVersion: failed,
    restoredVersion: restored,
    outcome: record.outcome,
    cause: record.message,
    advice: record.failure ? ERRORS[record.failure.code].advice : '',
    forensics: record.forensics,
    ...(record.diagnostics === undefined ? {} : { diagnostics: record.diagnostics }),
    at: record.endedAt,
  };
}
