import { setTimeout as delay } from 'node:timers/promises';
import { environmentWorkflowId, status } from '../src/workflows/messages.js';
import type { Appointment } from './moments.js';
import { APPLICATION, ENVIRONMENT, type Place } from './place.js';
import { hasVisitors, hostPrograms } from './processes.js';

/** From the last fault's end, or from the beginning. */
const LIMIT_MS = 180_000;
/** Nobody has to answer while workers and servers come back. */
const ASK_MS = 3_000;
const EVERY_MS = 200;

/** Hosts end sessions whose other side is gone after 20 s (`ansible/roles/host`); a host that was frozen begins to count then. */
const VISIT_MS = 40_000;

/** Waits until nobody is logged in to a host any more, which is after the workers have ended; the checker tells of one who stays. */
export async function untilNobodyVisits({ lab }: Place): Promise<void> {
  const deadline = Date.now() + VISIT_MS;
  while (hasVisitors(lab.name) && Date.now() < deadline) await delay(EVERY_MS);
}

/** Ids of all open runs but the environment's own. */
export async function openRuns({ client }: Place): Promise<string[]> {
  const open: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus='Running'" }))
    if (!workflowId.startsWith('environment/')) open.push(workflowId);
  return open;
}

async function lookAtHosts({ lab }: Place): Promise<string | null> {
  const states = await lab.status();
  const away = states.find(({ state }) => state !== 'up');
  if (away) return `${away.host.name} is ${away.state}`;
  for (const { host } of states) {
    const programs = hostPrograms(lab.name, host.name);
    if (programs.length > 0) return `${host.name} runs ${programs[0]?.words.join(' ') ?? ''}`;
  }
  return null;
}

async function lookAtRuns(place: Place): Promise<string | null> {
  const { client } = place;
  return client.withDeadline(Date.now() + ASK_MS, async () => {
    const open = await openRuns(place);
    if (open.length > 0) return `open: ${open.join(', ')}`;
    const environment = client.workflow.getHandle(environmentWorkflowId(APPLICATION, ENVIRONMENT));
    const { holder, queue, quarantine } = await environment.query(status);
    if (holder) return `${holder.deploymentId} holds the environment`;
    if (queue.length > 0) return `${queue.length} wait for the environment`;
    return quarantine === null ? null : `quarantined: ${quarantine.reason}`;
  });
}

/** Why it has not come to rest; `null`: it has. */
async function whyNot(place: Place): Promise<string | null> {
  if (place.commands > 0) return `${place.commands} commands go on`;
  try {
    return (await lookAtRuns(place)) ?? (await lookAtHosts(place));
  } catch (error) {
    return `nobody answers: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Waits until nothing goes on any more: no fault, no command, no run, no quarantine, no program on a host. Repairs that the environment
 * begins by itself are waited for like everything else. Answers why it has not come to rest in time; `null`: it has.
 */
export async function untilRest(place: Place, appointments: readonly Appointment[]): Promise<string | null> {
  let quietSince = Date.now();
  let last = '';
  for (;;) {
    const unrest = await whyNot(place);
    const isBusy = appointments.some(({ isUnderWay }) => isUnderWay);
    if (isBusy) quietSince = Date.now();
    else if (unrest === null) return null;
    if (unrest !== null && unrest !== last) place.timeline.note(`no rest: ${unrest}`);
    last = unrest ?? '';
    if (Date.now() > quietSince + LIMIT_MS) return unrest;
    await delay(EVERY_MS);
  }
}
