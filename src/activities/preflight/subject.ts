import type { OriginRepository } from '../../adapters/github/repository.js';
import { resolveRelease, verifyRelease, type ResolvedRelease } from '../../adapters/release-directory.js';
import type { EnvironmentConfig, GithubConfig } from '../../config/load.js';
import type { EnvironmentState } from '../../domain/environment-state.js';
import { SafeguardError } from '../../domain/errors.js';
import type { HostRef } from '../../domain/plan.js';
import { asksForOrigin, describeProvenance } from '../../domain/provenance.js';
import { tokenLeft } from '../../domain/preflight-limits.js';
import type { Provenance } from '../../domain/run.js';
import type { Dependencies, Where } from '../dependencies.js';
import { environmentNow, hostsOf } from '../hosts-of.js';
import { originOf, type Wanted } from '../origin.js';
import type { Pulse } from '../pulse.js';
import type { Cargo } from './hosts.js';
import { needs, PATIENT_MS, yes, type Item } from './item.js';

function cargoOf({ release, manifest }: ResolvedRelease): Cargo {
  const sizes = Object.values(manifest.components).map(({ artifact }) => artifact.size);
  return { digest: release.digest, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** What everything else is looked at for: the release, and the hosts it goes to. Each is read once, and whoever needs it waits for it. */
export class Subject {
  readonly release: Promise<ResolvedRelease>;
  /** What of it its hosts have to hold. */
  readonly cargo: Promise<Cargo>;
  readonly state: Promise<EnvironmentState | null>;
  /** Those that are not evicted. */
  readonly hosts: Promise<readonly HostRef[]>;
  /** Set once the origin was looked at and found to be in order. */
  provenance: Provenance | null = null;

  #repository: OriginRepository | null = null;

  constructor(
    private readonly dependencies: Dependencies,
    private readonly environment: EnvironmentConfig,
    private readonly wanted: Wanted & Where,
    private readonly pulse: Pulse,
  ) {
    this.release = this.#wholeRelease();
    this.cargo = this.release.then(cargoOf);
    this.state = this.#asked();
    this.hosts = this.#hosts();
    // Each has a look that tells why it failed.
    for (const each of [this.release, this.cargo, this.state, this.hosts]) each.catch(() => undefined);
  }

  items(): Item[] {
    const { environment } = this;
    return [
      {
        name: 'release',
        target: this.wanted.version,
        limitMs: PATIENT_MS,
        look: async () => {
          const { release } = await this.release;
          return yes(`${release.digest.slice(0, 8)}, every file is as SHA256SUMS says`);
        },
      },
      {
        name: 'origin',
        target: environment.github?.repository ?? 'runner',
        limitMs: PATIENT_MS,
        look: async () => {
          const { release } = await needs('release', this.release);
          const of = { request: this.wanted, release };
          this.provenance = await originOf((github) => this.#open(github), environment, of);
          return yes(describeProvenance(this.provenance));
        },
      },
      ...this.#tokenItems(),
      {
        name: 'inventory',
        target: environment.inventory?.file ?? 'safeguard.yaml',
        look: async () => yes((await this.hosts).map(({ name }) => name).join(', ')),
      },
    ];
  }

  #tokenItems(): Item[] {
    const { github, policy } = this.environment;
    // A policy that asks for nothing needs nobody to answer.
    if (!github?.token || !asksForOrigin(policy.release)) return [];
    return [
      {
        name: 'token',
        target: github.repository,
        limitMs: PATIENT_MS,
        look: async () => {
          const repository = this.#open(github);
          await repository.defaultBranch();
          return tokenLeft(repository.tokenExpiry, Date.now());
        },
      },
    ];
  }

  /** One for both looks, so that GitHub is asked once for what both want to know. */
  #open(github: GithubConfig): OriginRepository {
    this.pulse.say(`asking GitHub about ${github.repository}`);
    return (this.#repository ??= this.dependencies.openRepository(github, this.pulse));
  }

  async #wholeRelease(): Promise<ResolvedRelease> {
    const resolved = await resolveRelease(this.environment, this.wanted.version);
    await verifyRelease(this.environment, resolved);
    return resolved;
  }

  async #asked(): Promise<EnvironmentState | null> {
    try {
      return await environmentNow(this.dependencies, this.wanted);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SafeguardError('TEMPORAL_UNREACHABLE', `The environment could not be asked: ${why}`, {
        cause,
      });
    }
  }

  async #hosts(): Promise<readonly HostRef[]> {
    const [state, all] = await Promise.all([
      // That nobody could be asked holds nobody back: whoever lets the run in knows better.
      this.state.catch(() => null),
      hostsOf(this.dependencies, this.environment, this.pulse),
    ]);
    return all.filter(({ name }) => !Object.hasOwn(state?.evicted ?? {}, name));
  }
}
