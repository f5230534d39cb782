import { ended, type CampusLab } from '../../test/hosts/campus-lab.js';
import { untilServed, type Visited } from '../prober.js';

const UNIT = 'campus-production-backend.service';

/** Both through nginx, as visitors have it. */
function visited(campus: CampusLab): Visited[] {
  return campus.webHosts.map((name) => {
    const { address } = campus.lab.host(name);
    return { site: `http://${address}/version.txt`, backend: `http://${address}/actuator/info` };
  });
}

/** From the abort of a run that has put its release in place everywhere until visitors of every host get the old one again. */
export async function abortToServing(campus: CampusLab, from: string, to: string): Promise<number> {
  const hosts = visited(campus);
  await campus.release(to, { misbehave: 'wrong-version' });
  const run = await campus.start(to);
  await untilServed(hosts, ({ site, backend }) => site === to && backend !== null && backend !== from);
  await campus.abort(run, 'measured');
  const took = await untilServed(hosts, ({ site, backend }) => site === from && backend === from);
  const { outcome, message } = await ended(run);
  if (outcome !== 'ROLLED_BACK') throw new Error(`the run was not taken back: ${message}`);
  return took;
}

/** The raw limit: the service stopped and started on every host at once, by nothing but systemctl, until visitors get it again. */
export async function restartToServing(campus: CampusLab, version: string): Promise<number> {
  const begun = performance.now();
  await Promise.all(campus.webHosts.map((host) => campus.lab.run(host, ['systemctl', 'restart', UNIT])));
  await untilServed(visited(campus), ({ backend }) => backend === version);
  return performance.now() - begun;
}
