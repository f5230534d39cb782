import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../lab/lab.js';
import { waitUntil } from '../../lab/waiting.js';
import type { Place } from '../place.js';
import { Missed, type Strike } from './fault.js';

/** A frozen host answers nobody, not even from inside. */
const COMMAND_MS = 5_000;
const POSTGRES = 'postgresql@15-main.service';
const POSTGRES_LIMIT_MS = 60_000;

function victimOf({ lab }: Place, victim: number): string {
  const web = lab.hosts.filter(({ role }) => role === 'web');
  return web[victim % web.length]?.name ?? 'web-1';
}

function lasting(fault: Fault, heal: Fault): Strike {
  return async (place, { victim, lastsMs }) => {
    const host = victimOf(place, victim);
    await place.lab.fault(host, fault);
    await delay(lastsMs);
    await place.lab.fault(host, heal);
  };
}

/** A host loses its power, and boots again. */
export const losePower = lasting('power-loss', 'start');
/** A host stands still, and goes on as if no time had passed. */
export const freeze = lasting('pause', 'resume');
/** A host's cable is pulled, and put back. */
export const cut = lasting('cut', 'heal');
/** A host can't write one byte more, and can again. */
export const fillDisk = lasting('disk-full', 'disk-free');

async function onHost(place: Place, host: string, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await place.lab
    .run(host, argv, { timeoutMs: COMMAND_MS })
    .catch((cause: unknown) => {
      throw new Missed(`${host} is off`, { cause });
    });
  if (exitCode !== 0) throw new Missed(`${argv.join(' ')} on ${host} ended with ${exitCode}: ${stderr}`);
}

/** sshd of a host is restarted, and the sessions that it has end. */
export const restartSshd: Strike = async (place, { victim }) => {
  const host = victimOf(place, victim);
  // Sessions outlive their daemon; whoever updates sshd by hand often ends them too.
  await onHost(place, host, ['systemctl', 'restart', 'ssh.service']);
  await place.lab.run(host, ['pkill', '-KILL', '-u', 'deploy', '-x', 'sshd'], { timeoutMs: COMMAND_MS });
};

/** SIGKILL to all of PostgreSQL, and a start that has to recover. */
export const killPostgres: Strike = async (place, { lastsMs }) => {
  await onHost(place, 'db-1', ['systemctl', 'kill', '--signal=SIGKILL', POSTGRES]);
  await delay(lastsMs);
  await startPostgres(place);
};

/** Returns when PostgreSQL answers. */
export async function startPostgres({ lab }: Pick<Place, 'lab'>): Promise<void> {
  const answers = async (): Promise<boolean> => {
    await lab.run('db-1', ['systemctl', 'start', POSTGRES]);
    return (await lab.run('db-1', ['pg_isready', '--quiet'])).exitCode === 0;
  };
  await waitUntil('PostgreSQL answers again', answers, POSTGRES_LIMIT_MS, 200);
}
