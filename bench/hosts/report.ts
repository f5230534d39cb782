import Table from 'cli-table3';
import { figure } from '../statistics.js';
import { TOOLS, type Contender, type Round, type ToolName } from './contender.js';

/** Medians, in seconds. */
export interface ToolFigures {
  readonly total_s: number;
  readonly downtime_s: number;
  readonly rollback_s: number;
}

/** What the measurement came to; the shape of its last line. */
export interface Summary {
  readonly hosts: number;
  readonly tools: Partial<Record<ToolName, ToolFigures>>;
  /** `null` where one of the two was not measured. */
  readonly ratio: {
    readonly safeguard_to_raw: number | null;
    readonly ansible_to_safeguard: number | null;
    readonly best_peer_to_safeguard: number | null;
  };
}

const PEERS = ['capistrano', 'pyinfra', 'ansible'] as const;

function seconds(milliseconds: readonly number[]): number {
  return Math.round(figure(milliseconds).median / 10) / 100;
}

function figures(rounds: readonly Round[]): ToolFigures {
  return {
    total_s: seconds(rounds.map(({ totalMs }) => totalMs)),
    downtime_s: seconds(rounds.map(({ downtimeMs }) => downtimeMs)),
    rollback_s: seconds(rounds.map(({ rollbackMs }) => rollbackMs)),
  };
}

function ratio(of: number | undefined, to: number | undefined): number | null {
  return of === undefined || to === undefined ? null : Math.round((100 * of) / to) / 100;
}

/** Medians, and how the totals compare. */
export function summary(hosts: number, rounds: ReadonlyMap<ToolName, readonly Round[]>): Summary {
  const tools = Object.fromEntries([...rounds].map(([tool, all]) => [tool, figures(all)]));
  const total = (tool: ToolName): number | undefined => (tools as Summary['tools'])[tool]?.total_s;
  const peers = PEERS.flatMap((tool) => total(tool) ?? []);
  return {
    hosts,
    tools,
    ratio: {
      safeguard_to_raw: ratio(total('safeguard'), total('raw')),
      ansible_to_safeguard: ratio(total('ansible'), total('safeguard')),
      best_peer_to_safeguard: ratio(peers.length > 0 ? Math.min(...peers) : undefined, total('safeguard')),
    },
  };
}

/** A table for people: one line for each tool. */
export function describe(
  { hosts, tools, ratio: ratios }: Summary,
  contenders: ReadonlyMap<ToolName, Contender>,
): string {
  const table = new Table({
    head: [`${hosts} hosts`, 'total', 'longest downtime', 'rollback'],
    style: { head: [], border: [] },
  });
  for (const tool of TOOLS) {
    const found = tools[tool];
    if (!found) continue;
    const cells = [found.total_s, found.downtime_s, found.rollback_s].map((value) => `${value} s`);
    table.push([contenders.get(tool)?.title ?? tool, ...cells]);
  }
  const compared = Object.entries(ratios).map(
    ([name, value]) => `${name.replaceAll('_', ' ')}: ${value ?? '–'}`,
  );
  return `${table.toString()}\n${compared.join(', ')}`;
}
