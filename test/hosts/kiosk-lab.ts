import { randomInt } from 'node:crypto';
import { loadConfig } from '../../src/config/load.js';
import { newDeploymentId } from '../../src/domain/deployment-id.js';
import type { DeploymentRequest } from '../../src/domain/run.js';
import { startWorker, type RunningWorker } from '../../src/worker.js';
import { deploymentWorkflowId, taskQueue } from '../../src/workflows/messages.js';
import { ended, type CampusLab, type Ended } from './campus-lab.js';
import { KioskCheckout } from './kiosk-checkout.js';

/** The kiosk on the hosts of a campus lab, with campus' Temporal server and a worker of its own. */
export class KioskLab {
  private constructor(
    private readonly campus: CampusLab,
    readonly checkout: KioskCheckout,
    private readonly worker: RunningWorker,
  ) {}

  /** Starts a worker in this process, too. */
  static async beside(campus: CampusLab): Promise<KioskLab> {
    const checkout = await KioskCheckout.make(campus.lab, campus.directory);
    const config = loadConfig(checkout.configFile);
    return new KioskLab(campus, checkout, await startWorker({ config, settings: campus.settings }));
  }

  async close(): Promise<void> {
    this.worker.stop();
    await this.worker.done;
  }

  /** Deploys and waits for the end. */
  async deploy(version: string): Promise<Ended> {
    const request: DeploymentRequest = {
      application: 'kiosk',
      environment: 'demo',
      version,
      deploymentId: newDeploymentId(new Date(), () => randomInt(1_000_000) / 1_000_000),
      requestedBy: 'test',
      force: false,
      adopt: null,
    };
    const run = await this.campus.client.workflow.start('deployment', {
      workflowId: deploymentWorkflowId('demo', version, request.deploymentId),
      taskQueue: taskQueue('kiosk'),
      args: [request],
    });
    return ended(run);
  }
}
