import {
  preflightReport,
  type PreflightReport,
  type PreflightResult,
} from '../../../src/domain/preflight.js';

const GOOD = {
  severity: 'critical',
  verdict: 'pass',
  limit: null,
  advice: null,
  runbook: null,
  code: null,
  details: [],
  durationMs: 3,
} as const;

const RESULTS: readonly PreflightResult[] = [
  { ...GOOD, name: 'release', target: '2.0.0', found: '200abcde, every file is as SHA256SUMS says' },
  { ...GOOD, name: 'login', target: 'web1', found: 'deploy may log in' },
  {
    ...GOOD,
    name: 'dry run',
    target: 'web1',
    found: 'Ansible would make 1 changes',
    details: ['site: unpack'],
  },
];

const BAD: readonly PreflightResult[] = [
  {
    ...GOOD,
    name: 'disk',
    target: 'web2',
    verdict: 'fail',
    found: '/ is 97 % full',
    limit: 'below 90 %',
    advice: 'Make room.',
    runbook: 'docs/preflight.md#disk',
  },
  {
    ...GOOD,
    name: 'clock',
    target: 'web2',
    severity: 'warning',
    verdict: 'fail',
    found: '61.0 s | behind',
    limit: '5 s',
    advice: 'Set it.',
    runbook: 'docs/preflight.md#clock',
  },
  {
    ...GOOD,
    name: 'login',
    target: 'web3',
    verdict: 'unknown',
    found: 'web3 does not answer',
    advice: 'Check power.',
    runbook: 'docs/errors.md#host-unreachable',
    code: 'HOST_UNREACHABLE',
  },
];

/** Lets releases into `dev`; finds three things wrong with `prod`. */
export function preflight(request: {
  readonly environment: string;
  readonly version: string;
  readonly level?: PreflightReport['level'];
}): Promise<PreflightReport> {
  const { environment, version, level = 'standard' } = request;
  const results = environment === 'dev' ? RESULTS : [...RESULTS, ...BAD];
  return Promise.resolve(preflightReport({ environment, version, level, durationMs: 40 }, results));
}
