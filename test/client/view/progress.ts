import type { Progress, StepProgress } from '../../../src/domain/progress.js';

/** A step that runs on two hosts, unless told otherwise. */
export function step(change: Partial<StepProgress> = {}): StepProgress {
  return {
    title: 'activate backend',
    state: 'running',
    startedAt: '2026-11-21T12:00:00.000Z',
    endedAt: null,
    hosts: { web1: 'running', web2: 'running' },
    detail: '',
    ...change,
  };
}

/** A run that deploys, unless told otherwise. */
export function progress(change: Partial<Progress> = {}): Progress {
  return {
    deploymentId: '20261121-120000-abcdef',
    environment: 'dev',
    version: '2.0.0',
    from: '1.0.0',
    phase: 'deploying',
    planHash: null,
    steps: [],
    outcome: null,
    message: '',
    ...change,
  };
}
