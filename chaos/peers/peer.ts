import type { Lab } from '../../lab/lab.js';
import type { Controller } from '../../peers/command.js';

/** How a peer's own look at a host is put into shell: each prints one line. Nothing in it comes from outside. */
export interface Questions {
  /** The systemd unit that serves. */
  readonly unit: string;
  /** Prints the version that answers just now. */
  readonly running: string;
  /** Prints the version that would be started. */
  readonly onDisk: string;
}

/** A tool that deploys versions to the web hosts of a lab. */
export interface Peer {
  readonly name: string;
  readonly questions: Questions;
  /** Begins to deploy a version that was built before. */
  deploy(version: string): Promise<Controller>;
  /** What its users have against a loss of the controller and does not need a person; nothing for most. */
  succeed(): Promise<void>;
  /** What a person does about it: the same deployment once more; how that ended. `null`: nothing is to be done. */
  again: ((version: string) => Promise<string>) | null;
  close(): Promise<void>;
}

/** What the peers are brought up with. */
export interface Place {
  readonly lab: Lab;
  /** Scratch; removed afterwards. */
  readonly directory: string;
}

/** Brings a peer up on hosts on which nothing is deployed. */
export type OpenPeer = (place: Place) => Promise<Peer>;

/** Versions that every peer can deploy. */
export const VERSIONS = ['1.0.0', '2.0.0'] as const;
