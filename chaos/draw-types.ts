/** What is done while faults happen. */
export const SCENARIOS = [
  'good',
  'bad',
  'failing-migration',
  'rollback',
  'abort',
  'cancel',
  'terminate',
  'queue',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What happens to something. `ansible` has its place here as soon as there is a transport that has such a child. */
export const FAULTS = [
  'worker-kill',
  'worker-stop',
  'server-kill',
  'power-loss',
  'freeze',
  'cut',
  'sshd-restart',
  'disk-full',
  'child-kill',
  'postgres-down',
  'client-kill',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Steps of a run that a fault can be aimed at, by the names of their activities; `queued` and `between` have none. */
export const STEPS = [
  'plan',
  'stage',
  'backend',
  'frontend',
  'migrate',
  'check',
  'prepare',
  'commit',
  'record',
  'restore',
  'between',
] as const;
export type Step = (typeof STEPS)[number];

/** When a fault happens: at a step's start, or that many milliseconds after it. */
export interface Moment {
  readonly step: Step;
  readonly afterMs: number;
}

/** One fault of one run. */
export interface DrawnFault {
  readonly fault: FaultName;
  readonly moment: Moment;
  /** Which of the web hosts or workers, counted from 0; faults that need none ignore it. */
  readonly victim: number;
  /** How long it lasts where it lasts, in milliseconds. */
  readonly lastsMs: number;
}

/** Everything that is random about one run; it follows from `seed` and `run` alone. */
export interface Draw {
  readonly seed: number;
  /** Counted from 1. */
  readonly run: number;
  readonly scenario: Scenario;
  /** One to three, by their order. */
  readonly faults: readonly DrawnFault[];
}
