import { CampusLab, ended } from '../../test/hosts/campus-lab.js';
import { figure, type Figure } from '../statistics.js';
import { eventsOf } from './events.js';

/** Normal deployments: on a release that serves; every host does every step at the first try. */
export interface DeploymentHistory {
  readonly hosts: number;
  /** Events; the server counts fewer tasks where hosts answer at the same moment. The last one has a migration. */
  readonly deployment: Figure;
}

async function deployed(campus: CampusLab, version: string): Promise<number> {
  await campus.release(version);
  const run = await campus.start(version);
  const { outcome, message } = await ended(run);
  if (outcome !== 'SUCCEEDED') throw new Error(`${version} was not deployed: ${message}`);
  return (await eventsOf(run)).total;
}

/** Events of deployments with a migration each to the first web hosts of the lab. */
export async function historyOfDeployment(hosts: number, runs = 3): Promise<DeploymentHistory> {
  const events: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    // Hosts and database begin empty each time, so that there is a migration each time.
    const campus = await CampusLab.open({}, hosts);
    try {
      await campus.startWorker();
      await deployed(campus, '1.0.0');
      events.push(await deployed(campus, '2.0.0'));
    } finally {
      await campus.close();
    }
  }
  return { hosts, deployment: figure(events) };
}
