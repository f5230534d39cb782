import { askHost, hostProgram } from './ask-host.js';
import { judgeEnds } from './ends.js';
import type { Facts } from './facts.js';
import { forms, hide } from './forms.js';
import { judgeLeaks, judgeLeaksOfHost, judgeRunnerFiles } from './leaks.js';
import { judgeLeftovers } from './leftovers.js';
import { judgeOrder } from './order.js';
import { judgeOverlaps } from './overlaps.js';
import { judgePapers, readPapers } from './papers.js';
import { judgeBoots } from './boots.js';
import { judgeDatabase } from './schema.js';
import { judgeTogether, judgeWebHost } from './serving.js';
import type { CheckAtRest, HostDoor, Rest, Violation } from './types.js';
import { judgeUnfinished } from './unfinished.js';
import { violation } from './violation.js';
import { judgeWayBack } from './way-back.js';

// Enough to understand it; a whole history helps nobody.
const LONGEST = 2000;

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

/** What went on until then, by the journals of the hosts and Temporal's histories. */
function judgeCourse(rest: Rest, name: string, hosts: readonly Asked[]): Violation[] {
  const journals = new Map(
    hosts.map(({ door, facts }) => [
      door.name,
      { changes: facts?.changes ?? [], starts: facts?.starts ?? [] },
    ]),
  );
  const changes = new Map([...journals].map(([host, journal]) => [host, journal.changes]));
  const ids = new Set(rest.runs.map(({ deploymentId }) => deploymentId));
  return [
    ...judgeOverlaps(name, ids, changes),
    ...judgeOrder(name, changes),
    ...judgeUnfinished(name, rest.runs, changes),
    ...judgeBoots(name, rest.runs, journals),
    ...judgeWayBack(rest),
  ];
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
  const name = `${rest.application}-${rest.environment}`;
  const changes = hosts.flatMap(({ facts }) => facts?.changes ?? []);
  const violations = [
    ...judgeHosts(rest, hosts),
    ...judgeEnds(rest),
    ...judgeCourse(rest, name, hosts),
    ...judgePapers(rest, papers, changes),
    ...judgeLeaks(rest, wanted),
    ...ofRunner,
  ];
  return violations.map((one) => ({
    ...one,
    what: hide(one.what, wanted),
    evidence: hide(one.evidence, wanted).slice(0, LONGEST),
  }));
};
