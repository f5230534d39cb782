import { activate } from './activate.js';
import { verifyApproval } from './approvals.js';
import { keepAudit, noteAudit } from './audit.js';
import { capture } from './capture.js';
import { check } from './check.js';
import { compose } from './compose.js';
import type { Dependencies } from './dependencies.js';
import { enqueue, inform, watchHolder } from './environment.js';
import { forensics } from './forensics.js';
import { health } from './health.js';
import { adopt, commit, prepare, readBack, restore, withdraw } from './hosts.js';
import { holdLeases } from './leases.js';
import { migrate } from './migrate.js';
import { planRecovery } from './plan-recovery.js';
import { plan } from './plan.js';
import { preflight } from './preflight/preflight.js';
import { incident, record } from './records.js';
import { rehearse } from './rehearse.js';
import { settleSchema } from './settle-schema.js';
import { smoke } from './smoke.js';
import { stage } from './stage.js';
import { tracesOf } from './traces.js';
import { validate } from './validate.js';
import { verify } from './verify.js';
import { watchHosts } from './watch-hosts.js';

const all = {
  validate,
  verifyApproval,
  plan,
  planRecovery,
  enqueue,
  inform,
  watchHolder,
  watchHosts,
  tracesOf,
  rehearse,
  adopt,
  capture,
  stage,
  compose,
  activate,
  holdLeases,
  migrate,
  settleSchema,
  check,
  smoke,
  readBack,
  prepare,
  forensics,
  restore,
  commit,
  withdraw,
  verify,
  health,
  preflight,
  record,
  incident,
  keepAudit,
  noteAudit,
};

type All = typeof all;

/** The activities as workflows call them: each takes one object. */
export type Activities = {
  [Name in keyof All]: (input: Parameters<All[Name]>[1]) => ReturnType<All[Name]>;
};

/** Binds every activity to what it works with. */
export function createActivities(dependencies: Dependencies): Activities {
  const bound = Object.entries(all).map(([name, activity]) => [
    name,
    (input: never) => activity(dependencies, input),
  ]);
  return Object.fromEntries(bound) as Activities;
}
