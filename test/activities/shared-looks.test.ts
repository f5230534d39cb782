import { expect, test } from '@jest/globals';
import { sharedLooks, type Inspector } from '../../src/activities/shared-looks.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';

const OF = { application: 'campus', environment: 'production' };

function target(name: string): SshTarget {
  return { name, address: name, port: 22, user: 'deploy', privateKeyFile: '', knownHostsFile: '' };
}

/** Answers when told to, and notes which hosts it was asked to look at. */
function inspector(): { program: Inspector; asked: string[]; answer: () => void } {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const inspect: Inspector['inspect'] = ({ name }) => {
    asked.push(name);
    return new Promise((resolve) => waiting.push(() => resolve({ hostname: name } as HostInspection)));
  };
  return { program: { inspect }, asked, answer: () => waiting.splice(0).forEach((one) => one()) };
}

test('checks that ask at once share one look at each host', async () => {
  const { program, asked, answer } = inspector();
  const shared = sharedLooks(program);
  const looks = ['web-1', 'web-1', 'web-2', 'web-1'].map((name) => shared.inspect(target(name), OF));
  answer();
  expect((await Promise.all(looks)).map(({ hostname }) => hostname)).toEqual([
    'web-1',
    'web-1',
    'web-2',
    'web-1',
  ]);
  expect(asked).toEqual(['web-1', 'web-2']);
});

test('a check that asks again is told what is so now', async () => {
  const { program, asked, answer } = inspector();
  const shared = sharedLooks(program);
  const first = shared.inspect(target('web-1'), OF);
  answer();
  await first;
  const second = shared.inspect(target('web-1'), OF);
  answer();
  await second;
  expect(asked).toEqual(['web-1', 'web-1']);
});

test('every check is told why a look failed', async () => {
  const shared = sharedLooks({ inspect: () => Promise.reject(new Error('away')) });
  const looks = [1, 2].map(() => shared.inspect(target('web-1'), OF));
  await expect(Promise.allSettled(looks)).resolves.toMatchObject([
    { status: 'rejected', reason: { message: 'away' } },
    { status: 'rejected', reason: { message: 'away' } },
  ]);
});
