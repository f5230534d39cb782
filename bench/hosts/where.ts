import { historyOf, type Event } from '../queue/events.js';
import { figure } from '../statistics.js';
import type { Contender, ToolName } from './contender.js';
import { Raw } from './raw.js';
import { Safeguard } from './safeguard.js';
import { lengthOf, stepsOf } from './steps.js';

function median(values: readonly number[]): string {
  return `${figure(values).median} ms`;
}

/** Name → milliseconds of one deployment. */
type Parts = ReadonlyMap<string, number>;

function partsOf(events: readonly Event[]): Parts {
  const steps = stepsOf(events);
  const parts = new Map<string, number>();
  for (const { activity, from, to } of steps) parts.set(activity, (parts.get(activity) ?? 0) + to - from);
  const inSteps = [...parts.values()].reduce((sum, one) => sum + one, 0);
  parts.set('between steps', lengthOf(events) - inSteps);
  const waited = steps.reduce((sum, one) => sum + one.waited, 0);
  parts.set('of the steps: until a worker took them up', waited);
  parts.set('the whole run', lengthOf(events));
  return parts;
}

function lines(title: string, deployments: readonly Parts[]): string[] {
  const names = [...(deployments[0]?.keys() ?? [])];
  return [
    `${title}:`,
    ...names.map((name) => `  ${name.padEnd(44)}${median(deployments.map((one) => one.get(name) ?? 0))}`),
  ];
}

/** The parts of the measured deployments, medians: of safeguard's by the histories of its runs, of the raw limit's by the clock. */
export async function whereTheTimeGoes(contenders: ReadonlyMap<ToolName, Contender>): Promise<string> {
  const all: string[] = [];
  for (const contender of contenders.values()) {
    if (contender instanceof Raw)
      all.push(
        ...lines(
          contender.title,
          contender.phases.map((phases) => new Map(Object.entries(phases))),
        ),
      );
    if (contender instanceof Safeguard) {
      const histories = await Promise.all(contender.runs.map(historyOf));
      all.push(...lines(contender.title, histories.map(partsOf)));
    }
  }
  return all.join('\n');
}
