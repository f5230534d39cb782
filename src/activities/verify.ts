import type { EnvironmentConfig } from '../config/load.js';
import { newEnvironment, type EnvironmentState } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { Verification, VerifiedHost } from '../domain/recovery.js';
import { describeRelease, type Release } from '../domain/release.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { environmentNow, hostsOf, inspectWhatAnswers } from './hosts-of.js';
import { lookAtSchema, type SchemaLook } from './look-at-schema.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf, stateFileDifferences, withCommitted } from './reading.js';

function verified(
  name: string,
  seen: HostInspection,
  { committed, evicted }: EnvironmentState,
): VerifiedHost {
  if (Object.hasOwn(evicted, name)) {
    const { differences } = readingOf(name, seen, null, []);
    const state = differences.length === 0 ? 'serves' : 'differs';
    return { host: name, evicted: true, state, differences };
  }
  const components = committed?.components.map((component) => component.name) ?? [];
  const reading = withCommitted(readingOf(name, seen, committed, components), seen, committed);
  const withheld = seen.withheld === null ? [] : [`it serves nothing: ${seen.withheld}`];
  const differences = [...reading.differences, ...withheld, ...stateFileDifferences(seen, committed)];
  return { host: name, evicted: false, state: differences.length === 0 ? 'serves' : 'differs', differences };
}

/** What was committed had all of its migrations applied before. */
function sentences({ differences, failed, invalidIndexes, pending, problems }: SchemaLook): string[] {
  return [
    ...differences,
    ...pending.map((version) => `migration ${version} is not applied`),
    ...failed.map(({ version, script }) => `migration ${version ?? script} failed and was not cleaned up`),
    ...invalidIndexes.map((index) => `index ${index} is not valid`),
    ...problems,
  ];
}

/** What the database says; that it does not answer is a finding too. */
async function schemaOf(
  dependencies: Dependencies,
  { application, name: environment, migrations }: EnvironmentConfig,
  release: Release | null,
  { signal }: Pulse,
): Promise<Verification['schema']> {
  if (!migrations) return null;
  try {
    const found = await lookAtSchema(dependencies, { application, environment, release }, signal);
    return { version: found.version, differences: sentences(found) };
  } catch (error) {
    if (signal.aborted || !(error instanceof SafeguardError)) throw error;
    return { version: null, differences: [error.message] };
  }
}

async function look(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  state: EnvironmentState,
): Promise<Verification> {
  return withPulse(async (pulse) => {
    const { committed, evicted, holder } = state;
    const all = await hostsOf(dependencies, environment, pulse);
    const [{ inspected, silent }, schema] = await Promise.all([
      inspectWhatAnswers(dependencies, environment, all, pulse),
      schemaOf(dependencies, environment, committed, pulse),
    ]);
    const hosts = all.map(({ name }): VerifiedHost => {
      const seen = inspected.find(([found]) => found === name)?.[1];
      if (seen) return verified(name, seen, state);
      const differences = [silent.get(name) ?? 'it did not answer'];
      return { host: name, evicted: Object.hasOwn(evicted, name), state: 'unknown', differences };
    });
    const counted = hosts.filter((host) => !host.evicted);
    return {
      environment: environment.name,
      committed: describeRelease(committed),
      consistent:
        counted.every((host) => host.state === 'serves') &&
        (schema === null || schema.differences.length === 0),
      hosts,
      schema,
      holder: holder?.deploymentId ?? null,
    };
  });
}

/**
 * Compares every host with the committed release: what the running processes execute, files, units, nginx's answers, journal and
 * state file; and the schema. Changes nothing. An evicted host is as it should be when it serves nothing.
 */
export async function verify(dependencies: Dependencies, where: Where): Promise<Verification> {
  const environment = configured(dependencies, where);
  return look(dependencies, environment, (await environmentNow(dependencies, where)) ?? newEnvironment(''));
}
