import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { initPid } from '../lab/guest.js';
import type { Lab } from '../lab/lab.js';
import { checkAtRest } from './checker/check.js';
import type { BuiltRelease, HostDoor, Rest, Violation } from './checker/types.js';
import { CommandLines } from './command-lines.js';
import type { Draw } from './draw-types.js';
import { keepEvidence, readTemporal, type Known } from './evidence.js';
import { startPostgres } from './faults/hosts.js';
import { Appointment, type Struck } from './moments.js';
import { APPLICATION, ENVIRONMENT, Place } from './place.js';
import { openRuns, untilNobodyVisits, untilRest } from './rest.js';
import type { RunResult } from './results.js';
import { play, prepare } from './scenarios.js';
import { Sightings } from './sightings.js';
import { Timeline } from './timeline.js';
import { Writer, type DatabasePlace } from './writer.js';

/** Where runs happen. Several share `releases`, none shares a lab at the same time. */
export interface Grounds {
  readonly lab: Lab;
  /** Each run has a directory of its own in it. */
  readonly state: string;
  /** What `buildReleases` filled, and what is in it. */
  readonly releases: string;
  readonly built: readonly BuiltRelease[];
}

/** Gives every host power, cable, time, room and PostgreSQL again, whatever an earlier run left it without. */
async function heal(lab: Lab): Promise<void> {
  for (const { host, state } of await lab.status()) {
    if (state === 'paused') await lab.fault(host.name, 'resume');
    if (state === 'cut') await lab.fault(host.name, 'heal');
    if (state === 'off') await lab.fault(host.name, 'start');
    if (host.role === 'web') await lab.fault(host.name, 'disk-free');
  }
  await startPostgres({ lab });
}

interface Played {
  readonly faults: readonly Struck[];
  /** Why it did not come to rest; `null`: it did. */
  readonly unrest: string | null;
  /** From the end of the last fault until rest, in milliseconds. */
  readonly restMs: number;
}

/** Plays the scenario under its faults until everything has come to rest. */
async function playOut(place: Place, draw: Draw): Promise<Played> {
  const over = new AbortController();
  const sightings = await Sightings.start(place.client, place.timeline);
  const startedAt = Date.now();
  try {
    const appointments = draw.faults.map((fault) => new Appointment(fault, place, sightings));
    const played = play({ place, draw, sightings, over: over.signal });
    // Each is awaited below; what fails while others go on is told there.
    await Promise.race([untilRest(place, appointments), played.then(() => new Promise(() => undefined))]);
    over.abort();
    for (const appointment of appointments) appointment.giveUp();
    const faults = await Promise.all(appointments.map(({ done }) => done));
    // What came in the last moment has its time too.
    const unrest = await untilRest(place, appointments);
    if (unrest === null) await played;
    const lastEnd = Math.max(startedAt, ...appointments.map(({ healedAt }) => healedAt ?? 0));
    return { faults, unrest, restMs: Date.now() - lastEnd };
  } finally {
    sightings.stop();
  }
}

function doors({ lab }: Place): HostDoor[] {
  return lab.hosts.map(({ name, address, role }) => ({
    name,
    address,
    role,
    init: async () => {
      const pid = await initPid(lab.name, name);
      if (pid === undefined) throw new Error(`${name} is off`);
      return pid;
    },
  }));
}

interface Seen {
  readonly since: Date;
  readonly known: Known;
  readonly running: readonly string[];
  readonly acknowledged: readonly number[];
  readonly commandLines: readonly string[];
}

function restOf(place: Place, { built, releases }: Grounds, seen: Seen): Rest {
  return {
    application: APPLICATION,
    environment: ENVIRONMENT,
    hosts: doors(place),
    releases: built,
    runs: seen.known.runs,
    running: seen.running,
    records: join(place.directory, 'records', APPLICATION, ENVIRONMENT),
    acknowledged: seen.acknowledged,
    histories: seen.known.histories,
    directories: [place.directory, releases],
    commandLines: seen.commandLines,
    secrets: [place.secret],
    since: seen.since,
  };
}

function database({ lab, secret }: Place): DatabasePlace {
  const name = `${APPLICATION}_${ENVIRONMENT}`;
  return { host: lab.host('db-1').address, user: name, password: secret, database: name };
}

/** Not at rest in time: somebody would wait for ever. */
function unresolved(unrest: string | null): Violation[] {
  if (unrest === null) return [];
  return [{ invariant: 'I2', host: null, what: 'It did not come to rest (unresolved).', evidence: unrest }];
}

/** What a run came to in its place, with what Temporal knew of it when it was at rest. */
type Lived = Played & { readonly violations: readonly Violation[]; readonly known: Known };

/** A run in its place, from the first release to the verdict. */
async function live(place: Place, draw: Draw, grounds: Grounds, commandLines: CommandLines): Promise<Lived> {
  const { timeline } = place;
  const since = new Date();
  await Promise.all([prepare(place, draw), place.untilReady()]);
  const writer = await Writer.start(database(place));
  timeline.note(`scenario ${draw.scenario}`);
  const played = await playOut(place, draw).finally(() => writer.stop());
  const { unrest } = played;
  timeline.note(unrest === null ? 'at rest' : `not at rest: ${unrest}`);
  await commandLines.stop();
  const known = await readTemporal(place);
  const running = await openRuns(place);
  await place.stopWorkers();
  await untilNobodyVisits(place);
  timeline.note('workers have ended');
  const { acknowledged } = writer;
  const seen = { since, known, running, acknowledged, commandLines: [...commandLines.seen] };
  const violations = [...unresolved(unrest), ...(await checkAtRest(restOf(place, grounds, seen)))];
  timeline.note(`checked: ${violations.length} violations`);
  return { ...played, violations, known };
}

/** Carries out one run from empty hosts to the verdict, and leaves nothing but its result, unless something was wrong. */
export async function carryOut(draw: Draw, grounds: Grounds): Promise<RunResult> {
  const startedAt = Date.now();
  const { lab, state, releases } = grounds;
  const directory = join(state, `run-${draw.run}`);
  await rm(directory, { recursive: true, force: true });
  await heal(lab);
  const timeline = new Timeline();
  const commandLines = new CommandLines();
  const place = await Place.open(lab, directory, releases, draw.transport, timeline);
  let kept: string | null = directory;
  try {
    timeline.note('place is there');
    const lived = await place.whileOpen(() => live(place, draw, grounds, commandLines));
    const { known, ...played } = lived;
    if (lived.violations.length > 0) await keepEvidence(place, known);
    else {
      await Writer.forget(database(place));
      kept = null;
    }
    return { draw, ...played, tookMs: Date.now() - startedAt, timeline: timeline.entries, kept };
  } finally {
    await commandLines.stop();
    await place.close();
    if (kept === null) await rm(directory, { recursive: true });
  }
}
