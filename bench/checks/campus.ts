import { execa } from 'execa';
import type { HealthLook } from '../../src/domain/check.js';
import { lookWorkflowId, taskQueue } from '../../src/workflows/messages.js';
import type { CampusLab } from '../../test/hosts/campus-lab.js';

/** Every check of the campus release on every host, as `safeguard health` asks them. */
export async function byHealth(campus: CampusLab): Promise<HealthLook> {
  const environment = 'production';
  const look = (await campus.client.workflow.execute('health', {
    workflowId: lookWorkflowId('health', environment, `bench-${Date.now()}`),
    taskQueue: taskQueue('campus'),
    args: [{ application: 'campus', environment }],
  })) as HealthLook;
  if (!look.healthy) throw new Error(`campus is not healthy: ${JSON.stringify(look.results)}`);
  return look;
}

/** What a team's script would ask of each host over SSH, one after the other. */
const SCRIPT = [
  ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1:8080/actuator/health'],
  ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1:8080/actuator/info'],
  ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1/'],
  ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1/version.txt'],
  ['systemctl', 'is-active', '--quiet', 'campus-production-backend.service'],
  ['systemctl', 'is-active', '--quiet', 'nginx.service'],
  ['df', '--output=pcent', '/'],
  ['cat', '/proc/loadavg', '/proc/meminfo'],
] as const;

/** Eight of the same questions on each host by ssh, all hosts at once, in milliseconds. */
export async function byScript({ lab, webHosts }: CampusLab): Promise<number> {
  const begun = performance.now();
  const options = [
    '-i',
    lab.keyFile,
    '-o',
    `UserKnownHostsFile=${lab.knownHostsFile}`,
    '-o',
    'BatchMode=yes',
  ];
  await Promise.all(
    webHosts.map(async (host) => {
      for (const argv of SCRIPT)
        await execa('ssh', [...options, `${lab.deployUser}@${lab.host(host).address}`, '--', ...argv]);
    }),
  );
  return performance.now() - begun;
}
