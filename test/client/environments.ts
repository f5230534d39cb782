import type { EnvironmentState, Holder, RunKind } from '../../src/domain/environment-state.js';
import { release } from './workflows/releases.js';

const hosts = ['web1', 'web2', 'web3'].map((name) => ({ name, address: '127.0.0.1', port: 22 }));

/** An environment in order, that remembers three releases. */
export const serving: Partial<EnvironmentState> = {
  committed: release('2.0.0'),
  releases: ['2.0.0', '1.0.0', '0.9.0'].map(release),
  hosts,
};

/** Whoever holds it. */
export function holder(kind: RunKind, workflowId: string): Holder {
  return {
    kind,
    deploymentId: 'holder-01',
    workflowId,
    runId: 'r',
    version: '2.1.0',
    requestedBy: 'alice',
    enqueuedAt: '2026-11-21T12:00:00Z',
    grantedAt: '2026-11-21T12:00:00Z',
    epoch: 3,
    began: null,
    decided: false,
  };
}
