import { CAMPUS } from './application.js';
import { deletedPaths } from './backend.js';
import type { Facts, Process } from './facts.js';
import type { Violation } from './types.js';
import { violation } from './violation.js';

/** systemd's own for a user, which stays for ten seconds after the last visit. */
function isUserManager({ argv }: Process): boolean {
  return argv[0] === '(sd-pam)' || (argv[0]?.endsWith('/systemd') === true && argv[1] === '--user');
}

// `sshd: deploy@notty` runs as its user, but what listens to it does not.
function isVisit({ argv, user }: Process): boolean {
  return (
    user === CAMPUS.deployUser || new RegExp(`^sshd(-session)?: ${CAMPUS.deployUser}\\b`).test(argv[0] ?? '')
  );
}

function isTool({ argv }: Process): boolean {
  return argv.some((word) => /\/safeguard[-_]host(\.py)?$/.test(word));
}

/** What no host may have when nothing goes on: `name` is `<application>-<environment>`. */
export function judgeLeftovers(host: string, name: string, facts: Facts): Violation[] {
  const { units, locks, processes, scratch, releases } = facts;
  const changes = units.filter((unit) => unit.name.startsWith(`safeguard-${name}-`));
  const failed = units.filter((unit) => unit.name.startsWith(`${name}-`) && unit.active === 'failed');
  const changing = new Set(changes.map((unit) => unit.name));
  const busy = processes.filter(
    (one) => ((isVisit(one) && !isUserManager(one)) || isTool(one)) && !changing.has(one.unit),
  );
  const serving = facts.listeners[String(CAMPUS.backendPort)] ?? [];
  const fromNowhere = processes.filter(
    (one) => deletedPaths(one).some((path) => path.startsWith(`/opt/${name}/`)) && !serving.includes(one.pid),
  );
  return [
    ...changes.map((unit) => violation('I3', host, `The unit ${unit.name} of a change is still there`, unit)),
    ...failed.map((unit) => violation('I1', host, `The unit ${unit.name} has failed`, unit)),
    ...locks.map((lock) => violation('I3', host, `The lock on ${lock.path} is held`, lock)),
    ...busy.map((one) =>
      violation('I3', host, 'A process of the deploying user is still there', {
        pid: one.pid,
        user: one.user,
        argv: one.argv,
      }),
    ),
    ...fromNowhere.map((one) =>
      violation('I1', host, 'A process runs from files that were deleted', {
        pid: one.pid,
        cwd: one.cwd,
        exe: one.exe,
      }),
    ),
    ...[...releases.others, ...scratch].map((path) => violation('I1', host, `${path} was left behind`, path)),
  ];
}
