import { expect, test } from '@jest/globals';
import { withCommitted } from '../../src/activities/reading.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';
import type { HostReading } from '../../src/domain/verdict.js';

const RELEASE = { version: '2.0.0', digest: 'b'.repeat(64) };
const SERVES: HostReading = { host: 'web-1', state: 'serves', differences: [] };

function seen(committed: string | null, intent: HostInspection['intent'] = null): HostInspection {
  return { committed, committedVersion: committed === null ? null : '1.0.0', intent } as HostInspection;
}

test.each<[string, HostInspection, typeof RELEASE | null, string[]]>([
  ['the release is committed', seen(RELEASE.digest), RELEASE, []],
  ['nothing is, as it should be', seen(null), null, []],
  ['another one is', seen('a'.repeat(64)), RELEASE, ['1.0.0 is committed there']],
  ['nothing is, but should be', seen(null), RELEASE, ['nothing is committed there']],
  [
    'a change is still open',
    seen(null, { run: 'run001', digest: RELEASE.digest, prepared: false }),
    null,
    ['nothing is committed there, with a change of run001 under way'],
  ],
])('a host that serves what it should, and %s', (_title, inspection, release, differences) => {
  const state = differences.length === 0 ? 'serves' : 'differs';
  expect(withCommitted(SERVES, inspection, release)).toEqual({ host: 'web-1', state, differences });
});
