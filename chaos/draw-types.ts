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

/** What happens to something. */
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
  'ansible-kill',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Who carries components to their hosts. */
export type Transport = 'ssh' | 'ansible';

/**
 * Steps of a run that a fault can be aimed at, by what its activities do: `backend` and `frontend` are activations, `plan` is also
 * that of a recovery. `between` is none of them: the moment at which an activity has ended, and the workflow decides.
 */
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

/** When something happens: at a step's start, or that many milliseconds after it. */
export interface Moment {
  readonly step: Step;
  /** Which of the step's activities, counted from 1 as they begin: most steps have one for each host. `between`: as they end. */
  readonly nth: number;
  readonly afterMs: number;
}

/** One fault of one run. */
export interface DrawnFault {
  readonly fault: FaultName;
  readonly moment: Moment;
  /** Which of the web hosts, counted from 0, or of the workers: 2 is both of them. Faults that need none ignore it. */
  readonly victim: number;
  /** How long it lasts where it lasts, in milliseconds. */
  readonly lastsMs: number;
}

/** A release that never gets through. */
export const BAD_RELEASES = ['wrong-version', 'never-healthy'] as const;
export type BadRelease = (typeof BAD_RELEASES)[number];

/** Everything that is random about one run; it follows from `seed` and `run` alone. */
export interface Draw {
  readonly seed: number;
  /** Counted from 1. */
  readonly run: number;
  readonly scenario: Scenario;
  readonly transport: Transport;
  /** What is wrong with the release where the scenario has a bad one. */
  readonly bad: BadRelease;
  /** When the scenario's abort, cancellation or termination comes, where it has one. */
  readonly interrupt: Moment;
  /** Options of the command line that the draw depends on too, such as `--aim commit:cut`; left out: none. */
  readonly aimedBy?: readonly string[];
  /** One to three. The first one's step and fault go round through all cells, and the scenario follows from its step. */
  readonly faults: readonly DrawnFault[];
}
