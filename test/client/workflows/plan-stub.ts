import type { HashedPlan } from '../../../src/domain/plan.js';
import type { ReleaseComponent } from '../../../src/domain/release.js';
import { release } from './releases.js';

const backend: ReleaseComponent = {
  name: 'backend',
  kind: 'systemd',
  unit: 'shop-backend.service',
  ready: { port: 8080, path: '/health', timeoutSeconds: 30 },
};

/** A plan from 1.0.0 with one component, a migration, and two hosts. */
export function plan(environment: string, version: string): HashedPlan {
  const hosts = ['web1', 'web2'];
  const undo = 'restore 1.0.0 (100abcde)';
  return {
    application: 'shop',
    environment,
    kind: 'deploy',
    from: { ...release('1.0.0'), components: [backend] },
    to: { ...release(version), components: [backend] },
    hosts: hosts.map((name, index) => ({ name, address: `127.0.0.${index + 1}`, port: 22 })),
    steps: [
      { kind: 'stage', title: 'stage', hosts },
      { kind: 'activate', title: 'backend', hosts, component: 'backend', undo },
      { kind: 'migrate', title: 'migrate', hosts: [], undo: 'keep: it is tolerated' },
      { kind: 'check', title: 'health checks', hosts },
      { kind: 'commit', title: 'commit', hosts },
    ],
    pendingMigrations: ['V2__orders.sql'],
    // Nothing of it is shown.
    policy: {} as HashedPlan['policy'],
    hash: 'abcdef0123456789'.repeat(4),
  };
}
