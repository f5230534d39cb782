import { z } from 'zod';
import type { CheckReport, RequiredCheck } from '../../domain/provenance.js';

// What of GitHub's answers is read; anything else in them is left alone.

const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);
const object = z.object({ type: z.string(), sha });

export const repositoryAnswer = z.object({ full_name: z.string(), default_branch: z.string() });
export const refAnswer = z.object({ object });
export const tagAnswer = z.object({ object });
export const comparisonAnswer = z.object({ status: z.enum(['diverged', 'ahead', 'behind', 'identical']) });
export const commitAnswer = sha;

const protection = z.object({
  required_status_checks: z
    .object({
      enforcement_level: z.string().optional(),
      contexts: z.array(z.string()).default([]),
      checks: z.array(z.object({ context: z.string(), app_id: z.number().nullish() })).optional(),
    })
    .nullish(),
});

export const branchAnswer = z.object({
  name: z.string(),
  commit: z.object({ sha }),
  protected: z.boolean(),
  /** Servers leave it out for who may not see it. */
  protection: protection.optional(),
});

export const rulesAnswer = z.array(
  z.object({
    type: z.string(),
    parameters: z
      .object({
        required_status_checks: z
          .array(z.object({ context: z.string(), integration_id: z.number().nullish() }))
          .optional(),
      })
      .optional(),
  }),
);

const checkRun = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  app: z.object({ id: z.number() }).nullable(),
});
export const checkRunsAnswer = z.object({ total_count: z.number(), check_runs: z.array(checkRun) });

const status = z.object({ context: z.string(), state: z.string() });
export const statusesAnswer = z.object({ total_count: z.number(), statuses: z.array(status) });

export type BranchAnswer = z.output<typeof branchAnswer>;
type CheckRun = z.output<typeof checkRun>;

/** What GitHub itself lets through: who skips a check on purpose does not fail it. */
const GREEN = ['success', 'neutral', 'skipped'];

/** The checks that a branch's protection requires; `null`: this token may not see them. */
export function protectedChecks({
  protected: isProtected,
  protection,
}: BranchAnswer): RequiredCheck[] | null {
  if (!protection) return isProtected ? null : [];
  const required = protection.required_status_checks;
  if (!required || required.enforcement_level === 'off') return [];
  const checks = required.checks ?? required.contexts.map((context) => ({ context, app_id: null }));
  return checks.map(({ context, app_id: app }) => ({ name: context, app: appOf(app) }));
}

/** The checks that rulesets require. */
export function ruledChecks(rules: z.output<typeof rulesAnswer>): RequiredCheck[] {
  return rules
    .filter(({ type }) => type === 'required_status_checks')
    .flatMap(({ parameters }) => parameters?.required_status_checks ?? [])
    .map(({ context, integration_id: app }) => ({ name: context, app: appOf(app) }));
}

/** GitHub says "any app" in three ways. */
function appOf(id: number | null | undefined): number | null {
  return id === undefined || id === null || id < 0 ? null : id;
}

/** Of several runs of one check by one app only the latest counts. */
export function reportsOfRuns(runs: readonly CheckRun[]): CheckReport[] {
  const latest = new Map<string, CheckRun>();
  for (const run of runs) {
    const key = JSON.stringify([run.name, run.app?.id]);
    const before = latest.get(key);
    if (!before || before.id < run.id) latest.set(key, run);
  }
  return [...latest.values()].map(({ name, app, status: phase, conclusion }) => {
    const word = phase === 'completed' ? (conclusion ?? 'without a conclusion') : phase;
    const ended = GREEN.includes(word) ? 'green' : 'red';
    return { name, app: app?.id ?? null, word, state: phase === 'completed' ? ended : 'pending' };
  });
}

/** GitHub answers the latest status of each context. */
export function reportsOfStatuses(statuses: readonly z.output<typeof status>[]): CheckReport[] {
  return statuses.map(({ context, state: word }) => ({
    name: context,
    app: null,
    word,
    state: word === 'success' ? 'green' : word === 'pending' ? 'pending' : 'red',
  }));
}
