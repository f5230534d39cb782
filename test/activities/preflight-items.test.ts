import { describe, expect, test } from '@jest/globals';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { hostItems, type Cargo } from '../../src/activities/preflight/hosts.js';
import { environmentItems } from '../../src/activities/preflight/surroundings.js';
import { parseConfig, environmentOf, type EnvironmentConfig } from '../../src/config/load.js';
import {
  handedOver,
  joined,
  newEnvironment,
  type EnvironmentState,
} from '../../src/domain/environment-state.js';
import { SafeguardError } from '../../src/domain/errors.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';
import type { PreflightName, PreflightSeen } from '../../src/domain/preflight.js';
import { NOTHING_SWITCHED } from '../../src/domain/switches.js';

// What each look says no to, and that it says yes otherwise.
const MIB = 1024 * 1024;
const AT = '2026-11-21T11:45:12.000Z';
const CARGO: Cargo = { digest: 'd'.repeat(64), bytes: 100 * MIB };
const CONFIG = `application: campus
records: records
release: { directory: 'releases/{version}' }
components:
  frontend: { kind: static, artifact: frontend.tar.gz }
environments:
  test:
    policy: dev
    hosts: { web-1: 192.0.2.11 }
    ssh: { user: deploy, key: key, known_hosts: known_hosts }
`;

function environment(): EnvironmentConfig {
  return environmentOf(parseConfig('/nowhere/safeguard.yaml', CONFIG), 'test');
}

/** What a look says of a host that is as given, now. */
async function ofHost(
  name: PreflightName,
  {
    system = {},
    ...about
  }: Partial<Omit<HostInspection, 'system'>> & { system?: Partial<HostInspection['system']> },
): Promise<PreflightSeen> {
  const sound = { disk: { '/': 10 }, free: 10_000 * MIB };
  const seen = { time: new Date().toISOString(), releases: [], ...about, system: { ...sound, ...system } };
  const dependencies = { program: { inspect: () => Promise.resolve(seen) } } as unknown as Dependencies;
  const items = hostItems(
    dependencies,
    environment(),
    { name: 'web-1', address: '192.0.2.11', port: 22 },
    Promise.resolve(CARGO),
  );
  return look(items, name);
}

async function ofEnvironment(
  name: PreflightName,
  state: Promise<EnvironmentState | null>,
): Promise<PreflightSeen> {
  return look(environmentItems(environment(), state), name);
}

async function look(items: ReturnType<typeof hostItems>, name: PreflightName): Promise<PreflightSeen> {
  const item = items.find((one) => one.name === name);
  if (!item) throw new Error(`nobody looks at ${name}`);
  return item.look(new AbortController().signal);
}

describe('of a host', () => {
  test.each([
    [
      'a disk below the limit',
      'disk',
      { system: { disk: { '/': 10, '/var': 89 } } },
      'pass',
      '/var is 89 % full',
    ],
    [
      'a disk at the limit',
      'disk',
      { system: { disk: { '/': 10, '/var': 90 } } },
      'fail',
      '/var is 90 % full',
    ],
    ['just room enough', 'room', { system: { free: 464 * MIB } }, 'pass', '464 MiB are free'],
    ['not quite room enough', 'room', { system: { free: 464 * MIB - 1 } }, 'fail', '464 MiB are free'],
    [
      'no room, for what is there already',
      'room',
      { system: { free: 0 }, releases: [{ digest: CARGO.digest, version: '1.0.0' }] },
      'pass',
      'is there already',
    ],
    ['a clock that goes with ours', 'clock', {}, 'pass', 'goes with the runner'],
    ['a clock of yesterday', 'clock', { time: '2026-01-01T00:00:00Z' }, 'fail', 's behind'],
  ] as const)('%s', async (_, name, about, verdict, found) => {
    expect(await ofHost(name, about)).toMatchObject({ verdict, found: expect.stringContaining(found) });
  });

  test('a host of an earlier version does not know its room, and ends nothing', async () => {
    expect(await ofHost('room', { system: { free: undefined } as object })).toMatchObject({
      verdict: 'unknown',
      warns: true,
    });
  });
});

describe('of an environment', () => {
  const run = {
    kind: 'deployment',
    deploymentId: '01RUN',
    workflowId: 'deployment/test/1.0.0/01RUN',
    runId: 'run',
    version: '1.0.0',
    requestedBy: 'ada',
    enqueuedAt: AT,
  } as const;
  const idle = newEnvironment('incarnation');
  const disabled = { until: null, by: 'ada', reason: 'moving house', at: AT };

  test.each([
    ['is not held', 'queue', idle, 'pass', 'nobody holds it'],
    ['is held', 'queue', handedOver(joined(idle, run), AT), 'fail', '01RUN holds it'],
    ['was never deployed to', 'queue', null, 'pass', 'nobody holds it'],
    ['takes deployments', 'switches', idle, 'pass', 'takes deployments now'],
    [
      'is disabled',
      'switches',
      { ...idle, switches: { ...NOTHING_SWITCHED, disabled } },
      'fail',
      'moving house',
    ],
  ] as const)('it %s', async (_, name, state, verdict, found) => {
    expect(await ofEnvironment(name, Promise.resolve(state))).toMatchObject({
      verdict,
      found: expect.stringContaining(found),
    });
  });

  test.each(['environment', 'queue', 'switches'] as const)('%s: nobody could be asked', async (name) => {
    const away = Promise.reject(new SafeguardError('TEMPORAL_UNREACHABLE', 'no Temporal'));
    expect(await ofEnvironment(name, away)).toMatchObject({ verdict: 'unknown', warns: true });
  });
});
