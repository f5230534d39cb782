import { CampusLab, ended } from '../../test/hosts/campus-lab.js';
import { eventsOf, type Events } from './events.js';

/** A normal deployment: on a release that serves, with a migration; every host does every step at the first try. */
export interface DeploymentHistory {
  readonly hosts: number;
  readonly deployment: Events;
}

async function deployed(campus: CampusLab, version: string): Promise<Events> {
  const run = await campus.start(version);
  const { outcome, message } = await ended(run);
  if (outcome !== 'SUCCEEDED') throw new Error(`${version} was not deployed: ${message}`);
  return eventsOf(run);
}

/** Events of one deployment with a migration to as many of the lab's web hosts as `hosts` says. */
export async function historyOfDeployment(hosts: number): Promise<DeploymentHistory> {
  const campus = await CampusLab.open({}, hosts);
  try {
    await campus.startWorker();
    await campus.release('1.0.0');
    await deployed(campus, '1.0.0');
    await campus.release('2.0.0');
    return { hosts, deployment: await deployed(campus, '2.0.0') };
  } finally {
    await campus.close();
  }
}
