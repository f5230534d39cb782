import type { WorkflowHandle } from '@temporalio/client';
import type { Controller } from '../../peers/command.js';
import { CampusLab, ended } from '../../test/hosts/campus-lab.js';
import { emptyHosts } from '../../test/hosts/empty-hosts.js';
import { WorkerProcess } from '../../test/hosts/worker-process.js';
import { VERSIONS, type OpenPeer } from './peer.js';

const UNIT = 'campus-production-backend.service';
const ANSWERED = `sed -n 's/.*"version": *"\\([^"]*\\)".*/\\1/p'`;
const DIRECTORY = `sed -n 's/^WorkingDirectory=//p' /etc/systemd/system/${UNIT}`;

/** safeguard, as two runners have it: when the worker of one is gone, the other's goes on. */
export const openSafeguard: OpenPeer = async () => {
  const campus = await CampusLab.open();
  const workers = [await WorkerProcess.start(campus)];
  for (const version of VERSIONS) await campus.release(version);
  let last: WorkflowHandle | null = null;
  const deploy = async (version: string): Promise<Controller> => {
    const run = await campus.start(version);
    last = run;
    const end = ended(run).then(({ outcome, message }) => `${outcome ?? 'no outcome'}: ${message}`);
    // Nobody waits for it when something goes wrong before.
    end.catch(() => undefined);
    return {
      kill: async () => {
        for (const worker of workers) await worker.signal('SIGKILL');
      },
      end,
    };
  };
  return {
    name: 'safeguard',
    questions: {
      unit: UNIT,
      running: `curl -s -m 2 http://127.0.0.1:8080/actuator/info | ${ANSWERED}`,
      onDisk: `cat "$(${DIRECTORY})/version.txt"`,
    },
    deploy,
    succeed: async () => void workers.push(await WorkerProcess.start(campus)),
    again: null,
    close: async () => {
      for (const worker of workers) await worker.signal('SIGKILL');
      // Whoever waits for its end would ask a server that is gone. Most often it has ended, and says so.
      await last?.terminate('the lab is taken down').catch(() => undefined);
      await last?.result().catch(() => undefined);
      await campus.close();
      await emptyHosts(campus.lab);
    },
  };
};
