import { check } from './check.js';
import type { Dependencies } from './dependencies.js';
import { enqueue, watchHolder } from './environment.js';
import { activate, adopt, capture, commit, readBack, restore, stage } from './hosts.js';
import { migrate } from './migrate.js';
import { plan } from './plan.js';
import { incident, record } from './records.js';
import { settleSchema } from './settle-schema.js';
import { validate } from './validate.js';

const all = {
  validate,
  plan,
  enqueue,
  watchHolder,
  adopt,
  capture,
  stage,
  activate,
  migrate,
  settleSchema,
  check,
  readBack,
  restore,
  commit,
  record,
  incident,
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
