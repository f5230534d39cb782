import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { DeploymentRequest } from '../src/domain/run.js';
import { deploymentWorkflowId, taskQueue } from '../src/workflows/messages.js';
import type { Draw, Scenario } from './draw-types.js';
import { APPLICATION, ENVIRONMENT, type Place } from './place.js';
import { BAD, FAILING, FIRST, GOOD, NEXT } from './releases.js';
import type { Sightings } from './sightings.js';

/** Exit status of a command that could not reach Temporal (README, exit codes). */
const UNREACHABLE = 8;
const AGAIN_MS = 500;

/** What a scenario is played with. */
export interface Stage {
  readonly place: Place;
  readonly draw: Draw;
  readonly sightings: Sightings;
  /** Everything has ended: what has not happened until now does not happen any more. */
  readonly over: AbortSignal;
}

type Scene = Pick<Stage, 'place' | 'draw'>;

/** Ids are given, not made up: a command that is begun again because the server was away must not start another run. */
function idOf({ seed, run }: Draw, what: string): string {
  return `chaos-${seed}-${run}-${what.replaceAll('.', '-')}`;
}

/** Carries out a command again and again until the server has heard of it. */
async function command(place: Place, name: string, words: readonly string[]): Promise<void> {
  place.commands += 1;
  try {
    for (;;) {
      const status = await place.cli(name, words).ended;
      place.timeline.note(`the command "${name}" ended with ${status ?? 'SIGKILL'}`);
      if (status !== UNREACHABLE) return;
      await delay(AGAIN_MS);
    }
  } finally {
    place.commands -= 1;
  }
}

async function deploy({ place, draw }: Scene, version: string): Promise<void> {
  const who = ['--id', idOf(draw, version), '--by', 'chaos', '--follow'];
  await command(place, `deploy-${version}`, ['deploy', ENVIRONMENT, '--version', version, ...who]);
}

async function rollback({ place, draw }: Scene): Promise<void> {
  const who = ['--id', idOf(draw, 'rollback'), '--by', 'chaos', '--reason', 'chaos', '--follow'];
  await command(place, 'rollback', ['rollback', ENVIRONMENT, '--to', FIRST, ...who]);
}

/** Without a command: what has to be there already is begun in the shortest way. */
async function deployed({ place, draw }: Scene, version: string): Promise<void> {
  const request: DeploymentRequest = {
    application: APPLICATION,
    environment: ENVIRONMENT,
    version,
    deploymentId: idOf(draw, version),
    requestedBy: 'chaos',
    force: false,
    adopt: null,
  };
  await place.client.workflow.execute('deployment', {
    workflowId: deploymentWorkflowId(ENVIRONMENT, version, request.deploymentId),
    taskQueue: taskQueue(APPLICATION),
    args: [request],
  });
  place.timeline.note(`${version} serves`);
}

/** What has to be there before anything goes wrong. */
export async function prepare(place: Place, draw: Draw): Promise<void> {
  await deployed({ place, draw }, FIRST);
  if (draw.scenario === 'rollback') await deployed({ place, draw }, GOOD);
}

/** Asks Temporal itself, as its Web UI does, until it has heard; a run that has ended can't be told any more. */
async function askTemporal(
  { place: { timeline }, over }: Stage,
  what: string,
  ask: () => Promise<unknown>,
): Promise<void> {
  while (!over.aborted) {
    try {
      await ask();
      timeline.note(`${what}: told`);
      return;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        timeline.note(`${what}: the run had ended`);
        return;
      }
      timeline.note(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      await delay(AGAIN_MS);
    }
  }
}

/** Deploys, and interrupts that at its moment unless it has ended before. */
async function interrupted(stage: Stage, interrupt: () => Promise<void>): Promise<void> {
  const { sightings, draw, over } = stage;
  const deployed = deploy(stage, GOOD);
  if (await sightings.until(draw.interrupt, over)) {
    await delay(draw.interrupt.afterMs);
    await interrupt();
  }
  await deployed;
}

function handleOf({ place, draw }: Scene): WorkflowHandle {
  return place.client.workflow.getHandle(deploymentWorkflowId(ENVIRONMENT, GOOD, idOf(draw, GOOD)));
}

/** Three at once, the one in the middle bad; each joins when the one before it is known. */
async function queue(stage: Stage): Promise<void> {
  const { place, draw } = stage;
  const deployed: Promise<void>[] = [];
  for (const version of [GOOD, BAD[draw.bad], NEXT]) {
    const run = place.client.workflow.getHandle(
      deploymentWorkflowId(ENVIRONMENT, version, idOf(draw, version)),
    );
    const ended = new AbortController();
    deployed.push(deploy(stage, version).finally(() => ended.abort()));
    const isKnown = (): Promise<boolean> =>
      run.describe().then(
        () => true,
        () => false,
      );
    while (!ended.signal.aborted && !(await isKnown())) await delay(AGAIN_MS / 5);
  }
  await Promise.all(deployed);
}

const PLAYS: Readonly<Record<Scenario, (stage: Stage) => Promise<void>>> = {
  good: (stage) => deploy(stage, GOOD),
  bad: (stage) => deploy(stage, BAD[stage.draw.bad]),
  'failing-migration': (stage) => deploy(stage, FAILING),
  rollback,
  abort: (stage) =>
    interrupted(stage, () => {
      const words = ['--id', idOf(stage.draw, GOOD), '--reason', 'chaos', '--by', 'chaos'];
      return command(stage.place, 'abort', ['abort', ENVIRONMENT, ...words]);
    }),
  cancel: (stage) => interrupted(stage, () => askTemporal(stage, 'cancel', () => handleOf(stage).cancel())),
  terminate: (stage) =>
    interrupted(stage, () => askTemporal(stage, 'terminate', () => handleOf(stage).terminate('chaos'))),
  queue,
};

/** Plays a scenario; returns when every command of it has ended. */
export async function play(stage: Stage): Promise<void> {
  await PLAYS[stage.draw.scenario](stage);
}
