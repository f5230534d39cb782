import type { HealthReport } from '../../src/domain/check.js';
import type { SmokeReport } from '../../src/domain/smoke-report.js';

/** A report in which every check passed. */
export const HEALTHY: HealthReport = { healthy: true, durationMs: 1, passed: 3, failed: [] };

/** A report in which every smoke test passed. */
export const WELL: SmokeReport = {
  healthy: true,
  durationMs: 1,
  passed: 2,
  failed: [],
  kept: '/runs/smoke.json',
};

/** A report in which a critical check failed. */
export const UNHEALTHY: HealthReport = {
  healthy: false,
  durationMs: 1,
  passed: 2,
  failed: [
    {
      name: 'backend is UP',
      category: 'backend',
      severity: 'critical',
      target: 'web-1',
      verdict: 'fail',
      attempts: 3,
      durationMs: 10,
      evidence: '/health answered 503, expected 200',
    },
  ],
};
