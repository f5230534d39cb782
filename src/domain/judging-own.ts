import {
  fail,
  pass,
  unknown,
  type CommandCheck,
  type ContainerCheck,
  type Observation,
  type PrometheusCheck,
  type WebCheck,
} from './check.js';
import { judged } from './judging.js';
import { readPointer } from './json-pointer.js';

/** How a command on a host ended. */
export interface Ended {
  /** `null`: a signal ended it. */
  readonly code: number | null;
  /** Such as `SIGKILL`. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Statuses of `timeout`, which watches over commands: it ended them, or could not begin. */
const TIMED_OUT = 124;
const NOT_BEGUN: readonly (number | null)[] = [125, 126, 127];

function said({ stdout, stderr }: Ended): string {
  const text = [stdout, stderr]
    .map((one) => one.trim())
    .join(' ')
    .trim();
  return text === '' ? 'said nothing' : `said ${JSON.stringify(text)}`;
}

/** Judges how a command ended that `timeout` watched over for so many seconds. */
export function judgeCommand(
  { contains }: Pick<CommandCheck, 'contains'>,
  ended: Ended,
  seconds: number,
): Observation {
  const { code, signal, stdout } = ended;
  if (NOT_BEGUN.includes(code)) return unknown(`could not be run (status ${code ?? ''}): ${said(ended)}`);
  // What does not end when it is asked to is killed, and `timeout` with it.
  if (code === TIMED_OUT || signal === 'SIGKILL')
    return fail(`did not end within ${seconds} s; ${said(ended)}`);
  if (code !== 0)
    return fail(
      `ended with ${code === null ? `signal ${signal ?? ''}` : `status ${code}`}, expected status 0; ${said(ended)}`,
    );
  if (contains !== undefined && !stdout.includes(contains))
    return fail(`expected ${JSON.stringify(contains)} in its output; ${said(ended)}`);
  return pass(`status 0, ${said(ended)}`);
}

/** Judges an answer from the web. */
export function judgeWeb(
  { status, contains }: Pick<WebCheck, 'status' | 'contains'>,
  answer: { readonly status: number; readonly body: string; readonly ms: number },
): Observation {
  if (answer.status !== status) return fail(`answered ${answer.status}, expected ${status}`);
  if (contains !== undefined && !answer.body.includes(contains))
    return fail(`the body is without ${JSON.stringify(contains)}`);
  return pass(`${answer.status} in ${answer.ms} ms`, answer.ms);
}

/** Judges samples: all have to be within the bounds; where there is none, or one is no number, nothing is known. */
export function judgeSamples(
  { below, above }: Pick<PrometheusCheck, 'below' | 'above'>,
  samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[],
): Observation {
  if (samples.length === 0) return unknown('the query comes to no sample');
  const isOutside = (value: number): boolean =>
    (below !== undefined && value >= below) || (above !== undefined && value <= above);
  const shown = (some: typeof samples): string =>
    some
      .slice(0, 3)
      .map(
        ({ labels, value }) =>
          `${value}${Object.keys(labels).length === 0 ? '' : ` of ${JSON.stringify(labels)}`}`,
      )
      .join(', ');
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ].join(' and ');
  const outside = samples.filter(({ value }) => isOutside(value));
  if (outside.length > 0) return fail(`expected ${bounds}, found ${shown(outside)}`);
  const odd = samples.filter(({ value }) => Number.isNaN(value));
  if (odd.length > 0) return unknown(`expected ${bounds}, found ${shown(odd)}`);
  return pass(`${shown(samples)}: ${bounds}`);
}

/** What engines say of a container that they do not have; podman and docker. */
const NO_CONTAINER = /no such (container|object)/i;

/** Judges what `inspect` of a container printed: its state as JSON. */
export function judgeContainer({ container, engine }: ContainerCheck, ended: Ended): Observation {
  if (ended.code !== 0 && NO_CONTAINER.test(ended.stderr)) return fail(`there is no container ${container}`);
  // Not installed, not allowed, its daemon away: nothing is known of the container.
  if (ended.code !== 0) return unknown(`${engine} did not tell; it ${said(ended)}`);
  const text = (pointer: string): string | undefined => {
    const value = readPointer(ended.stdout, pointer);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const state = text('/Status');
  if (state === undefined) return fail(`${engine} told no state; it ${said(ended)}`);
  // Podman below 4 calls it otherwise.
  const health = text('/Health/Status') ?? text('/Healthcheck/Status');
  const isWell = state === 'running' && (health === undefined || health === 'none' || health === 'healthy');
  return judged(isWell, health === undefined ? state : `${state}, ${health}`);
}
