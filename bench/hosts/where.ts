import { historyOf, signalsAt, timeOf, type Event } from '../queue/events.js';
import { figure } from '../statistics.js';
import type { Contender, Round, ToolName } from './contender.js';
import { usedBetween, type CpuSample } from './cpu.js';
import { Raw } from './raw.js';
import { Safeguard } from './safeguard.js';
import { failedTries, lengthOf, stepsOf, type Step } from './steps.js';

/** One part of a deployment, in milliseconds; processor time where it was looked at. */
interface Part {
  readonly took: number;
  readonly cpu?: Omit<CpuSample, 'at'>;
}

/** By name. */
type Parts = ReadonlyMap<string, Part>;

function wholeOf(title: string, { totalMs, cpu }: Round): Parts {
  return new Map([[title, { took: totalMs, cpu: usedBetween(cpu, 0, Infinity) }]]);
}

function partsOfRun(events: readonly Event[], samples: readonly CpuSample[]): Parts {
  const begun = timeOf(events[0] ?? {});
  const steps = stepsOf(events);
  const parts = new Map<string, Part>();
  for (const { activity, from, to } of steps) {
    const name = parts.has(activity) ? `${activity} (next)` : activity;
    parts.set(name, { took: to - from, cpu: usedBetween(samples, begun + from, begun + to) });
  }
  const inSteps = steps.reduce((sum, { from, to }) => sum + to - from, 0);
  parts.set('between steps', { took: lengthOf(events) - inSteps });
  parts.set('in steps, until a worker took them up', {
    took: steps.reduce((sum, { waited }) => sum + waited, 0),
  });
  parts.set('the run', {
    took: lengthOf(events),
    cpu: usedBetween(samples, begun, begun + lengthOf(events)),
  });
  return parts;
}

/** The first step of a name that began after a moment. */
function stepAfter(steps: readonly Step[], activity: string, after: number): Step | undefined {
  return steps.find((step) => step.activity === activity && step.from >= after);
}

/** From the command to the end of the hosts' restoring. */
function partsOfAbort(events: readonly Event[], at: number): Parts {
  const begun = timeOf(events[0] ?? {});
  const signal = (signalsAt(events, 'abort')[0] ?? NaN) - begun;
  const steps = stepsOf(events);
  const forensics = stepAfter(steps, 'forensics', signal);
  const restore = stepAfter(steps, 'restore', signal);
  const parts = {
    'abort: until the run was told': begun + signal - at,
    'abort: until the way back began': (forensics?.from ?? NaN) - signal,
    'abort: forensics': (forensics?.to ?? NaN) - (forensics?.from ?? NaN),
    'abort: restore, until every host is ready': (restore?.to ?? NaN) - (restore?.from ?? NaN),
  };
  return new Map(Object.entries(parts).map(([name, took]) => [name, { took }]));
}

function median(values: readonly number[]): string {
  return String(figure(values).median).padStart(8);
}

function lines(deployments: readonly Parts[]): string[] {
  const names = [...(deployments[0]?.keys() ?? [])];
  return names.map((name) => {
    const parts = deployments.flatMap((one) => one.get(name) ?? []);
    const used = parts.flatMap(({ cpu }) => cpu ?? []);
    const columns = used.length === 0 ? [] : (['hosts', 'services', 'commands'] as const);
    const cells = columns.map((column) => median(used.map((cpu) => cpu[column])));
    return [name.padEnd(40), median(parts.map(({ took }) => took)), ...cells].join('');
  });
}

async function partsOf(contender: Contender, rounds: readonly Round[]): Promise<string[]> {
  const whole = lines(rounds.map((one) => wholeOf(contender.title, one)));
  if (contender instanceof Raw) {
    const phases = contender.phases.map((one) => Object.entries(one) as [string, number][]);
    return [
      ...whole,
      ...lines(phases.map((one) => new Map(one.map(([name, took]) => [`  ${name}`, { took }])))),
    ];
  }
  if (!(contender instanceof Safeguard)) return whole;
  const histories = await Promise.all(contender.runs.map(historyOf));
  const parts = histories.map((events, index) => partsOfRun(events, rounds[index]?.cpu ?? []));
  const again = histories.flatMap((events, index) =>
    failedTries(events).map((what) => `  run ${index + 1} tried again: ${what}`),
  );
  const aborts = await Promise.all(
    contender.aborted.map(async ({ run, at }) => partsOfAbort(await historyOf(run), at)),
  );
  const steps = [...lines(parts), ...lines(aborts)].map((line) => `  ${line.replace('  ', '')}`);
  return [...whole, ...steps, ...again];
}

/** The parts of the measured deployments, medians: of safeguard's by the histories of its runs, of the raw limit's by the clock. */
export async function whereTheTimeGoes(
  contenders: ReadonlyMap<ToolName, Contender>,
  rounds: ReadonlyMap<ToolName, readonly Round[]>,
): Promise<string> {
  const head = 'milliseconds, medians'.padEnd(40) + ['by clock', '   hosts', 'services', 'commands'].join('');
  const all = [head];
  for (const [tool, contender] of contenders) all.push(...(await partsOf(contender, rounds.get(tool) ?? [])));
  return all.join('\n');
}
