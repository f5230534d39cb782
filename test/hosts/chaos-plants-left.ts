import { onHost, told, type Place, type Plant } from './chaos-plants.js';

const RELEASES = '/opt/campus-production/releases';
const NO_RELEASE = 'a'.repeat(64);
const CHANGE = 'safeguard-campus-production-20260101-000000-aaaaaa-1-1';

/** A transient unit of that name, which runs until it is stopped. */
function unit(name: string, ...options: string[]): { put: string; undo: string } {
  return {
    put: `systemd-run --quiet --collect --unit=${name} ${options.join(' ')} sleep infinity`,
    undo: `systemctl stop ${name}.service`,
  };
}

/** What a journal has can't be taken back: it goes as a whole. */
export async function forgetJournals({ on, campus }: Place): Promise<void> {
  const forget = 'journalctl --quiet --rotate; journalctl --quiet --vacuum-size=1';
  await Promise.all(campus.webHosts.map((host) => on(host, forget)));
}

/** A change as hosts run it, for a second or longer. */
function change(name: string, operation = '', seconds = 1): string {
  const description = operation === '' ? '' : `--description='safeguard ${operation} campus-production'`;
  return `systemd-run --quiet --collect --wait --unit=safeguard-$AE-${name} ${description} sleep ${seconds}`;
}

/** A history in which a host is taken back while it is still activated. */
const EARLY = JSON.stringify({
  events: ['activate', 'restore'].map((name, index) => ({
    eventId: String(index + 1),
    activityTaskScheduledEventAttributes: { activityType: { name } },
  })),
});

/** I1 and I3: what was left behind, and changes that were going on at the same time. */
export const LEFT: readonly Plant[] = [
  onHost(
    'a lock is held',
    'web-1',
    {
      // Held by one process alone: whatever it started would have inherited it.
      put: `systemd-run --quiet --collect --unit=held flock --no-fork $STATE/lock sleep infinity
        for i in $(seq 50); do flock -n $STATE/lock true || exit 0; sleep 0.1; done; false`,
      undo: 'systemctl stop held.service',
    },
    ['I3', /^The lock on \/var\/lib\/safeguard\/campus-production\/lock is held$/],
  ),
  onHost('a unit of a change still runs', 'web-2', unit(CHANGE), [
    'I3',
    new RegExp(`^The unit ${CHANGE}\\.service of a change is still there$`),
  ]),
  onHost('a lease is still watched', 'web-2', unit('safeguard-campus-production-lease'), [
    'I3',
    /^The unit safeguard-campus-production-lease\.service of a change is still there$/,
  ]),
  onHost(
    'a unit of the application has failed',
    'web-2',
    {
      put: `systemd-run --quiet --unit=$AE-worker false
        for i in $(seq 50); do systemctl is-failed --quiet $AE-worker && exit 0; sleep 0.1; done; false`,
      undo: 'systemctl reset-failed',
    },
    ['I1', /^The unit campus-production-worker\.service has failed$/],
  ),
  onHost('a program of the deploying user still runs', 'web-2', unit('visit', '--uid=deploy'), [
    'I3',
    /^A process of the deploying user is still there$/,
  ]),
  onHost(
    'a release that was unpacked by half',
    'web-3',
    {
      put: `mkdir -p ${RELEASES}/${NO_RELEASE}/backend
        cp "$(folder 2.0.0)/backend/version.txt" ${RELEASES}/${NO_RELEASE}/backend`,
      undo: `rm -r ${RELEASES}/${NO_RELEASE}`,
    },
    ['I1', new RegExp(`^The folder ${NO_RELEASE}/backend has not the bytes of any release`)],
  ),
  onHost(
    'scratch files',
    'web-3',
    {
      put: `mkdir ${RELEASES}/.staging-1-1; touch $STATE/ledger.new-1`,
      undo: `rmdir ${RELEASES}/.staging-1-1; rm $STATE/ledger.new-1`,
    },
    ['I1', /releases\/\.staging-1-1 was left behind$/],
    ['I1', /ledger\.new-1 was left behind$/],
  ),
  {
    name: 'changes of two runs at the same time, on two hosts',
    put: async ({ on }) => {
      await Promise.all([on('web-1', change('run-one-1-1')), on('web-2', change('run-two-1-1'))]);
    },
    undo: forgetJournals,
    finds: [['I3', null, /^Changes of run-(one|two) and run-(one|two) went on at the same time$/]],
  },
  {
    name: 'two changes of one run at the same time, on one host',
    // The second begins once the first goes on: the other way round would be one more violation.
    put: async ({ on }) =>
      on(
        'web-1',
        `${change('run-one-1-1', '', 5)} &
        for i in $(seq 50); do systemctl is-active --quiet safeguard-$AE-run-one-1-1 && break; sleep 0.1; done
        ${change('run-one-2-1')}; wait`,
      ),
    undo: forgetJournals,
    finds: [['I3', 'web-1', /^Two changes of run-one went on at the same time$/]],
  },
  {
    name: 'a change that began twice',
    put: async ({ on }) => on('web-1', `${change('run-one-1-1')}\n${change('run-one-1-1')}`),
    undo: forgetJournals,
    finds: [['I3', 'web-1', /run-one-1-1\.service began twice in one boot/]],
  },
  {
    name: 'a change that had been overtaken',
    put: async ({ on }) => on('web-2', `${change('run-one-2-1')}\n${change('run-one-1-2')}`),
    undo: forgetJournals,
    finds: [
      ['I3', 'web-2', /run-one-1-2\.service began after .*run-one-2-1\.service, which had overtaken it$/],
    ],
  },
  {
    name: 'a change that nobody has brought back',
    put: async ({ on, rest }) => {
      const failed = rest.runs.find(({ status }) => status === 'FAILED')?.deploymentId ?? '';
      await on('web-3', change(`${failed}-99-1`, 'activate'));
    },
    undo: forgetJournals,
    finds: [['I1', 'web-3', /has ended as FAILED, and nobody has brought back what it had changed$/]],
  },
  {
    name: 'a host that was not told that its release is for good',
    put: async ({ on, rest }) => {
      const completed = rest.runs.find(({ status }) => status === 'COMPLETED')?.deploymentId ?? '';
      await on('web-3', change(`${completed}-99-1`, 'activate'));
    },
    undo: forgetJournals,
    finds: [['I1', 'web-3', /has ended as COMPLETED, and it has not told the host that .* is for good$/]],
  },
  told(
    'a way back that began too early',
    ({ histories }) => ({ histories: new Map([...histories, ['deployment/early', EARLY]]) }),
    ['I1', /^The way back of deployment\/early began while activate still went on$/],
  ),
];
