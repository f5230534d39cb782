import type { FaultName } from '../draw-types.js';
import { killChild, killPlay } from './child.js';
import type { Strike } from './fault.js';
import { cut, fillDisk, freeze, killPostgres, losePower, restartSshd } from './hosts.js';
import { killClients, killServer, killWorkers, stopWorkers } from './processes.js';

/** How each fault is made to happen. */
export const STRIKES: Readonly<Record<FaultName, Strike>> = {
  'worker-kill': killWorkers,
  'worker-stop': stopWorkers,
  'server-kill': killServer,
  'power-loss': losePower,
  freeze,
  cut,
  'sshd-restart': restartSshd,
  'disk-full': fillDisk,
  'child-kill': killChild,
  'postgres-down': killPostgres,
  'client-kill': killClients,
  'ansible-kill': killPlay,
};
