/** Search attributes of every run, so that operators can filter the Web UI's list. All are keywords. */
export const SEARCH_ATTRIBUTES = {
  application: 'SafeguardApplication',
  environment: 'SafeguardEnvironment',
  version: 'SafeguardVersion',
  phase: 'SafeguardPhase',
  outcome: 'SafeguardOutcome',
} as const;
