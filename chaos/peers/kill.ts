import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../lab/lab.js';
import type { Controller } from '../../peers/command.js';
import { isWhole, lookAround, type Look } from './look.js';
import { VERSIONS, type OpenPeer, type Peer } from './peer.js';
import { stoppedOn } from './stopped.js';

/** As long as a team might wait before somebody looks. */
const LEFT_ALONE_MS = 30_000;

/** What one tool left behind, and what became of it. */
export interface Killed {
  readonly tool: string;
  /** On so many hosts the service had been stopped when the controller was killed. */
  readonly stopped: number;
  readonly atOnce: readonly Look[];
  /** After 30 s in which no person did anything. */
  readonly later: readonly Look[];
  /** Seconds from the kill until every host was seen to serve one version, its disk agreeing; `null`: not in those 30 s. */
  readonly wholeAfterS: number | null;
  /** How the killed deployment has ended all the same; `null`: it never did. */
  readonly end: string | null;
  /** The same deployment begun again by a person, and what it came to; `null`: there was no need. */
  readonly again: { readonly end: string; readonly looks: readonly Look[]; readonly whole: boolean } | null;
}

/** Looks again and again until the time is over, whatever is seen. */
async function leftAlone(lab: Lab, peer: Peer, since: number): Promise<number | null> {
  let whole: number | null = null;
  while (Date.now() < since + LEFT_ALONE_MS) {
    if (whole === null && isWhole(await lookAround(lab, peer.questions)))
      whole = Math.round((Date.now() - since) / 100) / 10;
    await delay(200);
  }
  return whole;
}

async function endedByNow({ end }: Controller): Promise<string | null> {
  // A killed command has no end.
  return Promise.race([end.catch(() => null), delay(0, null)]);
}

async function story(lab: Lab, peer: Peer, stopped: number): Promise<Killed> {
  const [before, after] = VERSIONS;
  const first = await (await peer.deploy(before)).end;
  const served = await lookAround(lab, peer.questions);
  if (!isWhole(served) || served[0]?.running !== before)
    throw new Error(`${peer.name} did not deploy ${before} (${first}): ${JSON.stringify(served)}`);

  const controller = await peer.deploy(after);
  await stoppedOn(stopped, lab, peer.questions.unit, controller.end);
  await controller.kill();
  const since = Date.now();
  const atOnce = await lookAround(lab, peer.questions);
  const [wholeAfterS] = await Promise.all([leftAlone(lab, peer, since), peer.succeed()]);
  const later = await lookAround(lab, peer.questions);
  const end = await endedByNow(controller);
  const result = { tool: peer.name, stopped, atOnce, later, wholeAfterS, end };
  if (peer.again === null) return { ...result, again: null };
  const repeated = await peer.again(after);
  const looks = await lookAround(lab, peer.questions);
  return { ...result, again: { end: repeated, looks, whole: isWhole(looks) } };
}

/**
 * Deploys one version, kills the controller of the next between stop and start, and says what the hosts come to.
 * @param stopped the moment: as soon as the service was seen stopped on so many hosts
 */
export async function killed(lab: Lab, open: OpenPeer, stopped: number): Promise<Killed> {
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-peer-'));
  try {
    const peer = await open({ lab, directory });
    try {
      return await story(lab, peer, stopped);
    } finally {
      await peer.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
