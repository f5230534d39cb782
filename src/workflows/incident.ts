import { ERRORS } from '../domain/errors.js';
import type { IncidentMarker, RunRecord } from '../domain/run.js';

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The mark that a rollback leaves for people (spec S17). */
export function incidentOf(record: RunRecord): IncidentMarker {
  const restored = record.previousVersion;
  return {
    schema: 'safeguard/incident/v1',
    deploymentId: record.deploymentId,
    workflowId: record.workflowId,
    application: record.application,
    environment: record.environment,
    title: `[${capital(record.environment)} Rollback] ${record.version} → ${restored ?? 'nothing'}`,
    failedVersion: record.version,
    restoredVersion: restored,
    outcome: record.outcome,
    cause: record.message,
    advice: record.failure ? ERRORS[record.failure.code].advice : '',
    at: record.endedAt,
  };
}
