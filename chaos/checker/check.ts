import { askHost, hostProgram } from './ask-host.js';
import { judgeEnds } from './ends.js';
import type { Facts } from './facts.js';
import { forms } from './forms.js';
import { judgeLeaks, judgeLeaksOfHost, judgeRunnerFiles } from './leaks.js';
import { judgeLeftovers } from './leftovers.js';
import { judgeOverlaps } from './overlaps.js';
import { judgePapers, readPapers } from './papers.js';
import { judgeDatabase } from './schema.js';
import { judgeTogether, judgeWebHost } from './serving.js';
import type { CheckAtRest, HostDoor, Rest, Violation } from './types.js';
import { violation } from './violation.js';

/** A host and what it says; `null` with the reason why it can't be asked. */
interface Asked {
  readonly door: HostDoor;
  readonly facts: Facts | null;
  readonly silence: string;
}

async function ask(rest: Rest, door: HostDoor, program: string, wanted: readonly string[]): Promise<Asked> {
  try {
    return { door, facts: await askHost(program, rest, door, wanted), silence: '' };
  } catch (error) {
    // `shortMessage` would do, but only where the program was started; neither has what went in on standard input.
    return { door, facts: null, silence: (error as Error).message };
  }
}

function judgeHosts(rest: Rest, hosts: readonly Asked[]): Violation[] {
  const name = `${rest.application}-${rest.environment}`;
  const served = new Map<string, string | null>();
  const violations: Violation[] = [];
  for (const { door, facts, silence } of hosts) {
    const host = door.name;
    if (facts === null) {
      violations.push(violation('I1', host, 'The host can not be read', silence));
      continue;
    }
    violations.push(...judgeLeftovers(host, name, facts), ...judgeLeaksOfHost(host, facts));
    if (door.role !== 'web') continue;
    const own = judgeWebHost({ host, name, facts, releases: rest.releases });
    served.set(host, own.version);
    violations.push(...own.violations);
  }
  const [version = null, ...others] = new Set(served.values());
  const database = hosts.flatMap(({ door, facts }) =>
    facts?.database
      ? judgeDatabase(rest, door.name, facts.database, others.length === 0 ? version : null)
      : [],
  );
  return [...violations, ...judgeTogether(served, rest.runs), ...database];
}

/** Reads hosts, database, records and runner, and says what must not be. What a host says is all that is believed. */
export const checkAtRest: CheckAtRest = async (rest) => {
  const wanted = [...new Set(rest.secrets.flatMap(forms))];
  const program = await hostProgram();
  const [hosts, papers, ofRunner] = await Promise.all([
    Promise.all(rest.hosts.map((door) => ask(rest, door, program, wanted))),
    readPapers(rest.records),
    judgeRunnerFiles(rest.directories, wanted),
  ]);
  const changes = new Map(hosts.map(({ door, facts }) => [door.name, facts?.changes ?? []]));
  const name = `${rest.application}-${rest.environment}`;
  return [
    ...judgeHosts(rest, hosts),
    ...judgeEnds(rest),
    ...judgeOverlaps(name, changes),
    ...judgePapers(rest, papers, [...changes.values()].flat()),
    ...judgeLeaks(rest, wanted),
    ...ofRunner,
  ];
};
