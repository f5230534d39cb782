import { WorkflowUpdateFailedError } from '@temporalio/client';
import { verifyApproval } from '../../src/activities/approvals.js';
import { codedFailure } from '../../src/activities/coded-failures.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import type { Activities } from '../../src/activities/index.js';
import type { EnvironmentConfig } from '../../src/config/load.js';
import { approvalStatement, type ApprovalSubject } from '../../src/domain/approval.js';
import type { ApprovalPolicy } from '../../src/domain/policy.js';
import * as messages from '../../src/workflows/messages.js';
import type { Signers } from '../adapters/signers.js';
import { APPROVAL, policy } from '../domain/release-fixtures.js';
import { MockWorld } from './mock-activities.js';
import type { DeploymentHandle, Stage, TestServer } from './test-server.js';

/** The sentence an update was refused with. */
export async function refusal(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
  return error.cause?.message ?? '';
}

/** A world whose runs wait for approval for an hour. */
export function askingWorld(over: Partial<ApprovalPolicy> = {}): MockWorld {
  const world = new MockWorld();
  world.policy = policy({ approval: { ...APPROVAL, required: true, timeoutSeconds: 3600, ...over } });
  return world;
}

/** The real activity, as a worker runs it that has this file of signers. */
export function judging(allowedSigners: string | null): Activities['verifyApproval'] {
  return async (input) => {
    const { application, environment } = input.subject;
    const known = { name: environment, allowedSigners } as EnvironmentConfig;
    const config = { application, environments: new Map([[environment, known]]) };
    try {
      return await verifyApproval({ config } as unknown as Dependencies, input);
    } catch (error) {
      throw codedFailure(error);
    }
  };
}

/** A run that waits for approval, and the people who give it. */
export class Waiting {
  constructor(
    readonly stage: Stage,
    readonly run: DeploymentHandle,
    private readonly signers?: Signers,
  ) {}

  /** What the plan that waits now would be approved as. */
  async subject(): Promise<ApprovalSubject> {
    const { planHash, deploymentId, environment, approval } = await this.run.query(messages.progress);
    return {
      application: 'campus',
      environment,
      deploymentId,
      planHash: planHash ?? '',
      round: approval?.round ?? 0,
    };
  }

  /** The signature of `signer` over an approval by `by`, of what waits or of something else. */
  async signed(by: string, signer = by, over: Partial<ApprovalSubject> = {}): Promise<string> {
    if (!this.signers) throw new Error('nobody here has a key');
    return this.signers.sign(signer, approvalStatement({ ...(await this.subject()), ...over }, by));
  }

  /** Sends an approval as an update. */
  async approve(by: string, signature?: string): ReturnType<Waiting['send']> {
    return this.send(by, signature);
  }

  /** The sentence that an approval is refused with. */
  async refused(by: string, signature?: string): Promise<string> {
    return refusal(this.send(by, signature));
  }

  async reject(by: string, comment: string): ReturnType<Waiting['send']> {
    return this.run.executeUpdate(messages.reject, { args: [{ by, comment }] });
  }

  /** Phase and message of the board. */
  async board(): Promise<string> {
    const { phase, message } = await this.run.query(messages.progress);
    return `${phase}: ${message.replace(/^Waiting for approval of plan [0-9a-f]{12}: /, '')}`;
  }

  private send(by: string, signature?: string) {
    const decision = { by, comment: 'seen', ...(signature === undefined ? {} : { signature }) };
    return this.run.executeUpdate(messages.approve, { args: [decision] });
  }
}

/** Plays with a run, asked for by ada, that waits for approval. */
export function playWaiting(
  server: TestServer,
  world: MockWorld,
  story: (waiting: Waiting) => Promise<void>,
  signers?: Signers,
): Promise<void> {
  return server.play(async (stage) => {
    const run = await stage.deploy();
    await stage.reached(run, 'awaiting-approval');
    await story(new Waiting(stage, run, signers));
  }, world);
}
