import type { Mutation } from './mutation.js';

const HOST_PROGRAM = 'ansible/library/safeguard_host.py';
const DEPLOYMENT = 'src/workflows/deployment.ts';
const REGISTERS_UNDO = '    run.wayBack = () => bringBack(wayBack(run, plan));\n';
const MIGRATES = '    if (plan.pendingMigrations.length > 0) await migrate(run, plan);\n';

/** One for each safeguard of the design ("What makes it never partial") that chaos has to miss when it is gone. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'fencing',
    switchesOff: 'the fencing token: a host accepts what a run or step sends that was overtaken',
    replacements: [{ file: HOST_PROGRAM, find: '    if newer:\n', replace: '    if False:\n' }],
    aimedAt: [
      { step: 'backend', fault: 'worker-stop', lastsSeconds: 17 },
      { step: 'stage', fault: 'worker-stop', lastsSeconds: 45 },
      { step: 'backend', fault: 'worker-stop', lastsSeconds: 45 },
    ],
    scenarios: ['abort', 'cancel', 'terminate'],
    timing:
      'A worker is stopped when it has been handed an activation and before it sends it, or earlier: it is handed what it had asked for ' +
      'all the same. The run is ended by somebody, and taken back by another worker; then the first one goes on. What it sends begins on ' +
      'the host although it was overtaken, which the order of changes shows; leases and the boot gate bring hosts to one release all the ' +
      'same. It has to stand still until the hosts are taken back: tasks of the workflow that it is handed meanwhile are lost for 10 s each. ' +
      'After 20 s hosts end its sessions, and with them what it is about to send there. (An activation that was begun again finds its ' +
      'result.)',
  },
  {
    name: 're-attach',
    switchesOff:
      'finding a change again: another worker ends what is going on, forgets its result, and begins it once more',
    replacements: [
      {
        file: HOST_PROGRAM,
        find: "    if line:\n        return line\n    stop_older(app, request['token'])\n    path = f'{app.run}/{unit}.json'\n",
        replace:
          "    stop_older(app, request['token'])\n    stop_unit(unit, show_units(unit)[unit]['ControlGroup'], 20)\n" +
          "    path = f'{app.run}/{unit}.json'\n    for found in (path, f'{app.results}/{unit}.json'):\n        remove_if_there(found)\n",
      },
    ],
    aimedAt: [
      { step: 'backend', fault: 'worker-kill' },
      { step: 'restore', fault: 'worker-kill' },
      { step: 'commit', fault: 'worker-kill' },
      { step: 'backend', fault: 'freeze' },
    ],
    scenarios: ['good', 'bad', 'rollback', 'abort'],
    timing:
      'A worker dies while its step goes on or waits until the service is ready; 4 s later another one comes with the next attempt. ' +
      'What it begins again is idempotent, and the change before is ended first, so hosts end up right all the same. It shows in ' +
      'that one and the same transient unit began twice within one boot.',
  },
  {
    name: 'undo-before-do',
    switchesOff: 'the order: the way back is registered after the components were activated, not before',
    replacements: [
      { file: DEPLOYMENT, find: REGISTERS_UNDO, replace: '' },
      { file: DEPLOYMENT, find: MIGRATES, replace: REGISTERS_UNDO + MIGRATES },
    ],
    aimedAt: [
      { step: 'backend', fault: 'power-loss' },
      { step: 'backend', fault: 'cut' },
      { step: 'backend', fault: 'client-kill' },
    ],
    scenarios: ['bad', 'abort', 'cancel'],
    timing:
      'The run has to be stopped, or to fail for good, while a component is activated. Hosts then stay on the new release until ' +
      'their leases are out, and go back by themselves: it shows in that nobody has brought them back.',
  },
  {
    name: 'read-back',
    switchesOff:
      'the look at the end: hosts vote unseen, and what they serve after commit or restore is taken for granted',
    replacements: [
      {
        file: HOST_PROGRAM,
        find: 'wrong = [sentence for name in release.components for sentence in unsound(name, observed.get(name), release)]',
        replace: 'wrong = []',
      },
      {
        file: 'src/workflows/way-back.ts',
        find: 'readings: [...answered, ...looked] };',
        replace:
          "readings: [...answered, ...looked].map(({ host }) => ({ host, state: 'serves' as const, differences: [] })) };",
      },
    ],
    aimedAt: [
      { step: 'commit', fault: 'power-loss', lastsSeconds: 60 },
      { step: 'commit', fault: 'cut', lastsSeconds: 60 },
    ],
    scenarios: ['good', 'queue'],
    timing:
      'A host must stay away for longer than a commit is tried (limits.rollback, and five times at least), from its vote on: the run then ' +
      'ends as if that host served the release, and nobody is on duty for it. One that boots afterwards is in doubt and serves nothing; one ' +
      'that was only cut off serves on, or the next run mends it: it shows in that the run never told it that the release is for good. ' +
      'Shorter faults are mended by the next try. On the way back restore and commit are both tried for so long.',
  },
  {
    name: 'journal-and-boot-gate',
    switchesOff:
      'the journal at boot: a host starts what its disk has, committed or not, as if units were simply enabled',
    replacements: [
      {
        file: HOST_PROGRAM,
        find: '    change = Change(app, tell, at_boot=at_boot and not nginx_master())\n',
        replace:
          "    for unit in managed_units(app):\n        run('systemctl', 'start', '--no-block', '--', unit)\n    return mark_gated(app)\n" +
          '    change = Change(app, tell, at_boot=at_boot and not nginx_master())\n',
      },
      {
        file: HOST_PROGRAM,
        find: "        f'ConditionPathExists={app.startable}/{release.digest}',\n",
        replace: '',
      },
    ],
    aimedAt: [
      { step: 'backend', fault: 'power-loss' },
      { step: 'frontend', fault: 'power-loss' },
      { step: 'prepare', fault: 'power-loss' },
      { step: 'commit', fault: 'power-loss' },
    ],
    scenarios: ['good', 'bad', 'abort', 'terminate'],
    timing:
      'A host loses its power after the new unit was written and before the commit, and boots. It serves the other release from its boot ' +
      'until somebody changes it, some seconds at most: it shows in what its journal says that it started before any change.',
  },
  {
    name: 'cancellation-type',
    switchesOff: 'the explicit cancellation type: the way back begins while the step before it still goes on',
    replacements: [
      {
        file: 'src/workflows/activities.ts',
        find: '  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,\n',
        replace: '',
      },
    ],
    aimedAt: [
      { step: 'stage', fault: 'cut' },
      { step: 'backend', fault: 'freeze' },
      { step: 'backend', fault: 'worker-stop' },
      { step: 'migrate', fault: 'postgres-down' },
    ],
    scenarios: ['abort', 'cancel'],
    timing:
      'An abort or Cancel while a step is under way. Fencing and the rule that a newer change ends an older one keep hosts right all ' +
      'the same. It shows in the history of the run: a host is taken back while an earlier activity has not ended.',
  },
  {
    name: 'non-cancellable-compensation',
    switchesOff: 'the scope of the way back: a Cancel of the run cancels the way back with it',
    replacements: [
      {
        file: DEPLOYMENT,
        find: 'CancellationScope.nonCancellable(() => goBack(run, cause))',
        replace: 'goBack(run, cause)',
      },
    ],
    aimedAt: [
      { step: 'backend', fault: 'client-kill' },
      { step: 'check', fault: 'client-kill' },
      { step: 'restore', fault: 'client-kill' },
    ],
    scenarios: ['cancel'],
    timing:
      'Cancel itself is enough, from the first activation until the vote; an abort is none. As with undo-before-do, leases bring the ' +
      'hosts back, and nobody else.',
  },
];

/**
 * A mutation by its name.
 * @throws Error that lists the names
 */
export function mutationCalled(name: string): Mutation {
  const found = MUTATIONS.find((mutation) => mutation.name === name);
  if (found) return found;
  const known = MUTATIONS.map((mutation) => mutation.name).join(', ');
  throw new Error(`There is no mutation "${name}". Known: ${known}`);
}
