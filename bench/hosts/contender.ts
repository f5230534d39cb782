import type { Visited } from '../prober.js';
import type { CpuSample } from './cpu.js';

/** What is measured, in the order of the table. */
export const TOOLS = ['safeguard', 'safeguard_ansible', 'raw', 'capistrano', 'pyinfra', 'ansible'] as const;
export type ToolName = (typeof TOOLS)[number];

/** A way to deploy, on the hosts of the lab. */
export interface Contender {
  /** For people, with its version. */
  readonly title: string;
  /** One for each host. */
  readonly visited: readonly Visited[];
  /** Brings every host to an older release, by whatever means. Not measured. */
  prepare(): Promise<void>;
  /** Deploys a release that is on no host yet, as one would call the tool; returns when the tool has ended. */
  deploy(): Promise<void>;
  /** Begins to go back, as one would call the tool. */
  rollback(): Promise<GoingBack>;
}

/** A way back that has begun. */
export interface GoingBack {
  /** When it was asked for, on `performance`'s clock. */
  readonly begun: number;
  /** The version that every host serves once it is back. */
  readonly to: string;
  /** When the tool has ended. */
  readonly end: Promise<void>;
}

/** What one turn of a contender came to. */
export interface Round {
  readonly totalMs: number;
  readonly downtimeMs: number;
  readonly rollbackMs: number;
  /** While it deployed. */
  readonly cpu: readonly CpuSample[];
}
