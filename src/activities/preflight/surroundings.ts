import { fromHere } from '../../adapters/probes/dial.js';
import { redisProbe } from '../../adapters/probes/redis.js';
import type { ResolvedRelease } from '../../adapters/release-directory.js';
import type { EnvironmentConfig } from '../../config/load.js';
import type { EnvironmentState } from '../../domain/environment-state.js';
import { SafeguardError } from '../../domain/errors.js';
import type { PreflightSeen } from '../../domain/preflight.js';
import { wayToLift } from '../../domain/switches.js';
import { holdNow } from '../hold.js';
import { plannedSchema } from '../planned-schema.js';
import { PATIENT_MS, yes, type Item } from './item.js';
import { lookAtRunner } from './runner-health.js';

/** The environment itself: its state, what holds it back, who is in it. */
export function environmentItems(
  environment: EnvironmentConfig,
  state: Promise<EnvironmentState | null>,
): Item[] {
  const { name } = environment;
  const asking = (judge: (state: EnvironmentState | null) => PreflightSeen) => async () => {
    try {
      return judge(await state);
    } catch (error) {
      // Whoever lets the run in knows, and has the last word.
      if (error instanceof SafeguardError && error.code === 'TEMPORAL_UNREACHABLE')
        return { verdict: 'unknown', found: error.message, code: error.code, warns: true } as const;
      throw error;
    }
  };
  return [
    {
      name: 'environment',
      target: name,
      look: asking((now) => {
        const quarantine = now?.quarantine ?? null;
        if (quarantine === null) return yes('is not quarantined');
        const found = `is quarantined since ${quarantine.since}: ${quarantine.reason}`;
        return { verdict: 'fail', found, code: 'ENVIRONMENT_QUARANTINED' };
      }),
    },
    {
      name: 'switches',
      target: name,
      look: asking((now) => {
        const hold = holdNow(environment, now?.switches);
        if (hold === null) return yes('takes deployments now');
        return { verdict: 'fail', found: `is ${hold.sentence}`, advice: wayToLift(name, hold) };
      }),
    },
    {
      name: 'queue',
      target: name,
      look: asking((now) => {
        const { holder = null, queue = [] } = now ?? {};
        if (holder === null) return yes('nobody holds it');
        const waiting = queue.length === 0 ? '' : `, and ${queue.length} wait`;
        const advice = 'Nothing: a deployment waits for its turn. See safeguard queue.';
        return { verdict: 'fail', found: `${holder.deploymentId} holds it${waiting}`, advice };
      }),
    },
  ];
}

/** What a release needs beside its hosts. */
export function surroundingItems(environment: EnvironmentConfig, release: Promise<ResolvedRelease>): Item[] {
  const { migrations, cache } = environment;
  return [
    {
      name: 'health of the runner',
      target: 'runner',
      look: (signal) => lookAtRunner(environment, signal),
    },
    ...(migrations === undefined
      ? []
      : [
          {
            name: 'database',
            target: migrations.url.replace(/^jdbc:postgresql:\/\//, ''),
            // The release is read first; the database has limits of its own.
            limitMs: PATIENT_MS,
            look: () => lookAtDatabase(environment, release),
          } as const,
        ]),
    ...(cache === undefined
      ? []
      : [
          {
            name: 'cache',
            target: `${cache.host}:${cache.port}`,
            look: async (signal: AbortSignal) => {
              const { ms } = await redisProbe(fromHere(cache.host, cache.port), { signal });
              return yes(`PONG in ${ms} ms`);
            },
          } as const,
        ]),
  ];
}

async function lookAtDatabase(environment: EnvironmentConfig, release: Promise<ResolvedRelease>) {
  // Without a release it is still asked whether it answers.
  const wanted = await release.then(({ release: { schema } }) => schema).catch(() => null);
  const { schemaVersion, pendingMigrations: pending } = await plannedSchema(environment, wanted);
  const now = schemaVersion === null ? 'is empty' : `is at ${schemaVersion}`;
  return yes(`${now}; ${pending.length === 0 ? 'nothing is pending' : `pending: ${pending.join(', ')}`}`);
}
