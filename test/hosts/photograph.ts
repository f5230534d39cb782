import type { CampusLab } from './campus-lab.js';

/** Where files lie that a deployment could alter. */
const TREES = ['/etc', '/opt', '/usr/local', '/home', '/root', '/var/lib', '/var/backups'];

const UNITS = ['campus-production-backend.service', 'nginx.service'];

/** Who runs: process and start of each service. */
export async function processes(campus: CampusLab): Promise<string[]> {
  const argv = ['systemctl', 'show', '-p', 'Id,MainPID,ExecMainStartTimestampMonotonic', ...UNITS];
  return Promise.all(campus.webHosts.map(async (host) => (await campus.lab.run(host, argv)).stdout));
}

/** Every file of the hosts that a deployment could alter, with its times, and the running services. */
export async function photograph(campus: CampusLab): Promise<string[]> {
  const argv = ['find', ...TREES, '-xdev', '-printf', '%p %m %u %s %T@ %C@\n'];
  const files = await Promise.all(
    campus.webHosts.map(async (host) => {
      const { stdout } = await campus.lab.run(host, argv);
      return stdout.split('\n').map((line) => `${host} ${line}`);
    }),
  );
  return [...files.flat(), ...(await processes(campus))];
}
