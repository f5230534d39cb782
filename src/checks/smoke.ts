import type { Dial } from '../adapters/probes/dial.js';
import { formsOf, redact } from '../adapters/secrets.js';
import type { Slots } from '../adapters/slots.js';
import { Stop } from '../adapters/stop.js';
import { fillPlaceholders } from '../config/placeholders.js';
import { unknown, type Observation } from '../domain/check.js';
import type { Hide, SmokeProbe, SmokeResult, SmokeTest } from '../domain/smoke.js';
import { repeated, turns, type Patience } from './repeat.js';
import { ask } from './smoke-kinds.js';

/** Smoke tests, and what they are asked of. */
export interface SmokeRun {
  /** `http:` or `https:`; paths of the tests are below it. */
  readonly base: URL;
  readonly tests: readonly SmokeTest[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly patience: Patience;
  /** For one attempt of one test. */
  readonly timeoutMs: number;
  /** Certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string | undefined;
  /** The way to a place on the web; left out: from this machine. */
  readonly dial?: (url: URL) => Dial;
  /** Turns that are shared with others who ask at the same time; left out: its own. */
  readonly slots?: Slots;
  /** Takes out what else must not be told. */
  readonly hide?: Hide;
  readonly signal: AbortSignal;
  /** Told each result as it comes. */
  readonly onResult?: (result: SmokeResult) => void;
}

/** A shorter value is in too many texts to be taken out of them. */
const SHORTEST_HIDDEN = 4;

/** Values that tests got from answers, and secrets: filled into requests, and kept out of what is told. */
class Values {
  readonly #values: Map<string, string>;

  constructor(
    secrets: Readonly<Record<string, string>>,
    private readonly hideMore: Hide = (text) => text,
  ) {
    this.#values = new Map(Object.entries(secrets));
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** The probe with every placeholder filled. */
  fill(probe: SmokeProbe): SmokeProbe {
    return fillPlaceholders(probe, Object.fromEntries(this.#values), () => undefined) as SmokeProbe;
  }

  /** Without the values, as they are and as they stand in JSON and in addresses. */
  readonly hide = (text: string): string => {
    const values = [...this.#values.values()].filter((value) => value.length >= SHORTEST_HIDDEN);
    return redact(this.hideMore(text), values.flatMap(formsOf));
  };
}

/**
 * Carries out smoke tests all at once; those that take a value from others wait for them, and are `unknown` when there is none.
 * Rejects with the signal's reason only.
 */
export async function smoke(run: SmokeRun): Promise<SmokeResult[]> {
  const { base, patience, timeoutMs, ca } = run;
  // Many listen to it at once, which is no leak.
  const stop = new Stop().with(run.signal);
  const { signal } = stop;
  const values = new Values(run.secrets, run.hide);
  const slots = run.slots ?? turns();
  const asking = {
    base,
    values,
    signal,
    timeoutMs,
    ca,
    ...(run.dial === undefined ? {} : { dial: run.dial }),
  };
  const underWay = new Map<string, Promise<SmokeResult>>();

  const carryOut = async ({ name, level, severity, probe, after }: SmokeTest): Promise<SmokeResult> => {
    const before = await Promise.all(after.flatMap((one) => underWay.get(one) ?? []));
    const missing = before.find(({ verdict }) => verdict !== 'pass');
    const look = (): Promise<Observation> => ask(values.fill(probe), asking);
    const seen = missing
      ? { ...unknown(`not asked: ${missing.name} did not pass`), attempts: 0, durationMs: 0 }
      : await repeated(look, patience, slots, signal, values.hide);
    const result = { name, level, severity, ...seen };
    run.onResult?.(result);
    return result;
  };
  // Those that give a value stand before those that take it.
  for (const test of run.tests) underWay.set(test.name, carryOut(test));
  return Promise.all(underWay.values()).finally(() => stop.dispose());
}
