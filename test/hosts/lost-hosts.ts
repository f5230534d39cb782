import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { newDeploymentId } from '../../src/domain/deployment-id.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';
import type { RecoveryResult, RecoveryWish } from '../../src/domain/recovery.js';
import {
  environmentWorkflowId,
  evict,
  recoveryWorkflowId,
  status,
  taskQueue,
  type EnvironmentStatus,
} from '../../src/workflows/messages.js';
import type { recovery } from '../../src/workflows/recovery.js';
import { until, type CampusLab } from './campus-lab.js';

const APPLICATION = 'campus';
const ENVIRONMENT = 'production';

/** Gives a lost host up within seconds; a run that goes well needs none of these limits. */
export const IMPATIENT = {
  approval: { required: false },
  retries: { tries: 2, delay: '1s' },
  limits: { step: '60s', rollback: '10s', stabilise: '1s', lease: '15s' },
  forensics: { limit: '5s' },
  checks: { attempts: 2, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};

/** What the environment knows of itself. */
export async function environmentStatus({ client }: CampusLab): Promise<EnvironmentStatus> {
  return client.workflow.getHandle(environmentWorkflowId(APPLICATION, ENVIRONMENT)).query(status);
}

/** Waits until the environment has lifted its quarantine by itself, and nobody holds it. */
export async function untilAtPeace(campus: CampusLab): Promise<void> {
  await until(
    'the quarantine is lifted',
    async () => {
      const { quarantine, holder } = await environmentStatus(campus);
      return quarantine === null && holder === null;
    },
    90_000,
  );
}

/** Takes a host out of the environment, as a person does. */
export async function evictHost({ client }: CampusLab, host: string): Promise<void> {
  const environment = client.workflow.getHandle(environmentWorkflowId(APPLICATION, ENVIRONMENT));
  await environment.executeUpdate(evict, { args: [{ host, by: 'on-call', reason: 'its board is burnt' }] });
}

/** Asks for a recovery, and waits for its end. */
export async function recover({ client }: CampusLab, wish: RecoveryWish): Promise<RecoveryResult> {
  const deploymentId = newDeploymentId(new Date(), () => randomInt(1_000_000) / 1_000_000);
  return client.workflow.execute<typeof recovery>('recovery', {
    workflowId: recoveryWorkflowId(wish.kind, ENVIRONMENT, deploymentId),
    taskQueue: taskQueue(APPLICATION),
    args: [
      {
        application: APPLICATION,
        environment: ENVIRONMENT,
        deploymentId,
        requestedBy: 'test',
        reason: 'test',
        wish,
        dryRun: false,
      },
    ],
  });
}

/** Waits until the backend of a release really runs on hosts. */
export async function untilRuns(campus: CampusLab, version: string, hosts: readonly string[]): Promise<void> {
  await until(`${hosts.join(', ')} run the backend ${version}`, async () => {
    const served = await Promise.all(hosts.map((host) => campus.serving(host)));
    return served.every(({ backend }) => backend === version);
  });
}

/** What the host program sees on its host, asked without network and sshd. */
export async function inspectHost({ lab }: CampusLab, host: string): Promise<HostInspection> {
  const request = { protocol: 2, operation: 'inspect', application: APPLICATION, environment: ENVIRONMENT };
  const { stdout } = await lab.run(host, ['/usr/local/sbin/safeguard-host'], {
    input: `${JSON.stringify(request)}\n`,
  });
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { result: HostInspection };
  return last.result;
}

/** Lets a step of a run wait on one host as if another change were going on there. Answers how to let it go on. */
export async function holdChanges({ lab }: CampusLab, host: string): Promise<() => Promise<void>> {
  const unit = 'test-holds-changes.service';
  const lock = `/var/lib/safeguard/${APPLICATION}-${ENVIRONMENT}/lock`;
  const argv = ['flock', lock, 'sh', '-c', 'touch /run/test-holds && exec sleep infinity'];
  await lab.run(host, ['rm', '-f', '/run/test-holds']);
  await lab.run(host, ['systemd-run', '--quiet', '--collect', `--unit=${unit}`, ...argv]);
  await until(
    `changes of ${host} wait`,
    async () => (await lab.run(host, ['test', '-e', '/run/test-holds'])).exitCode === 0,
  );
  return async () => {
    await lab.run(host, ['systemctl', 'stop', unit]);
  };
}

/** Waits until a step of a run has come to `state` on a host. */
export async function untilOnHost(
  campus: CampusLab,
  run: WorkflowHandle,
  title: string,
  host: string,
): Promise<void> {
  await until(`${title} is done on ${host}`, async () => {
    const { steps, phase, message } = await campus.progress(run);
    if (phase === 'ended') throw new Error(`the run ended before: ${message}`);
    return steps.some((step) => step.title === title && step.hosts[host] === 'done');
  });
}

/** Gives hosts that tests left without power, cable or time all of it again. */
export async function healAll({ lab }: CampusLab): Promise<void> {
  for (const { host, state } of await lab.status()) {
    if (state === 'paused') await lab.fault(host.name, 'resume');
    if (state === 'cut') await lab.fault(host.name, 'heal');
    if (state === 'off') await lab.fault(host.name, 'start');
  }
}

/** Changes the policy that later runs go by. */
export async function rewriteConfig(campus: CampusLab, text: string): Promise<void> {
  await campus.stopWorker();
  await writeFile(campus.configFile, text);
  await campus.startWorker();
}
