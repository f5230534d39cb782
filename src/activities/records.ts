import type { IncidentMarker, RunRecord } from '../domain/run.js';
import { untilDone } from './coded-failures.js';
import type { Dependencies } from './dependencies.js';

/** Keeps the run's record, exactly once. Answers where. */
export async function record({ records }: Dependencies, what: RunRecord): Promise<string> {
  return untilDone(() => records.keepRecord(what));
}

/** Keeps the rollback's incident marker, exactly once. Answers where. */
export async function incident({ records }: Dependencies, what: IncidentMarker): Promise<string> {
  return untilDone(() => records.keepIncident(what));
}
