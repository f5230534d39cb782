import type { ResolvedRelease } from '../../adapters/release-directory.js';
import { turns } from '../../checks/repeat.js';
import type { EnvironmentConfig } from '../../config/load.js';
import {
  isLookedAt,
  preflightReport,
  type PreflightLevel,
  type PreflightName,
  type PreflightReport,
  type PreflightResult,
} from '../../domain/preflight.js';
import type { HostRef } from '../../domain/plan.js';
import type { Provenance } from '../../domain/run.js';
import { configured, type Dependencies, type Where } from '../dependencies.js';
import { holdNow } from '../hold.js';
import type { Wanted } from '../origin.js';
import { withPulse, type Pulse } from '../pulse.js';
import { hostItems } from './hosts.js';
import { judgeItem, type Item } from './item.js';
import { rehearsalItems } from './rehearsal.js';
import { runnerItems } from './runner.js';
import { Subject } from './subject.js';
import { environmentItems, surroundingItems } from './surroundings.js';

/** A release, and how much is looked at before it. */
export interface PreflightRequest extends Where, Wanted {
  /** Left out: as the policy of the environment says. */
  readonly level?: PreflightLevel;
  /** What whoever asks will do itself. */
  readonly leaveOut?: readonly PreflightName[];
}

/** What was found, and what of it a deployment goes on with. */
export interface Preflight {
  readonly report: PreflightReport;
  /** `null`: there is no such release, or it is not whole. */
  readonly resolved: ResolvedRelease | null;
  readonly provenance: Provenance | null;
  /** It would be held back now, so that it need not wait for its turn to be told. The plan has the last word. */
  readonly isHeld: boolean;
}

/** Looks at everything that a deployment needs, whatever of it fails (spec S3). Changes nothing, and keeps nothing. */
export function preflight(dependencies: Dependencies, request: PreflightRequest): Promise<PreflightReport> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const { report } = await lookBefore(dependencies, environment, request, pulse);
    return report;
  });
}

/** As {@link preflight}, for a deployment that goes on with what was found. */
export async function lookBefore(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  request: PreflightRequest,
  pulse: Pulse,
): Promise<Preflight> {
  const started = performance.now();
  const level = request.level ?? environment.policy.preflight;
  const slots = turns();
  let done = 0;
  const judge = async (item: Item): Promise<PreflightResult> => {
    const giveBack = await slots.take(pulse.signal);
    const judged = await judgeItem(environment, item, level, pulse.signal).finally(giveBack);
    done += 1;
    pulse.say(`${done} looks done`);
    return judged;
  };
  const { leaveOut = [] } = request;
  const isWanted = ({ name }: Item): boolean => isLookedAt(name, level) && !leaveOut.includes(name);
  const judgeAll = (items: readonly Item[]): Promise<PreflightResult[]> =>
    Promise.all(items.filter(isWanted).map(judge));

  const subject = new Subject(dependencies, environment, request, pulse);
  const results = await Promise.all([
    judgeAll(subject.items()),
    judgeAll(runnerItems(dependencies, environment, request.version)),
    judgeAll(environmentItems(environment, subject.state)),
    judgeAll(surroundingItems(environment, subject.release)),
    subject.hosts.then(
      (hosts) => judgeAll(hosts.flatMap((host) => itemsOf(dependencies, environment, host, subject))),
      // The line of the inventory, or of the environment, says why there are none.
      () => [],
    ),
  ]);
  const durationMs = Math.round(performance.now() - started);
  const of = { environment: environment.name, version: request.version, level, durationMs };
  const report = preflightReport(of, results.flat());
  // The lines of both say why they are not known.
  const resolved = await subject.release.catch(() => null);
  const state = await subject.state.catch(() => null);
  const isHeld = holdNow(environment, state?.switches) !== null;
  return { report, resolved, provenance: subject.provenance, isHeld };
}

function itemsOf(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  host: HostRef,
  { release, cargo }: Subject,
): Item[] {
  return [
    ...hostItems(dependencies, environment, host, cargo),
    ...rehearsalItems(dependencies, environment, host, release),
  ];
}
