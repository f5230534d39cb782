/** As in `campus-lab.ts`, and a restored release is judged soon: what these tests look at has happened by then. */
export const SOON = {
  approval: { required: false },
  retries: { tries: 2, delay: '1s' },
  limits: { step: '60s', rollback: '90s', stabilise: '1s' },
  checks: { attempts: 2, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};
