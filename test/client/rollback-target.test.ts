import { expect, test } from '@jest/globals';
import { chosenComponents, rollbackTarget } from '../../src/client/rollback-target.js';
import { newEnvironment, type EnvironmentState } from '../../src/domain/environment-state.js';
import { release } from './workflows/releases.js';

function status(change: Partial<EnvironmentState>) {
  return { application: 'shop', environment: 'dev', ...newEnvironment('incarnation'), ...change };
}

const releases = ['2.0.0', '1.0.0', '0.9.0'].map(release);
const usual = status({ committed: release('2.0.0'), releases });

test.each([
  ['the one committed before', undefined, '1.0.0'],
  ['a named one', '0.9.0', '0.9.0'],
  ['the present one, when it is named', '2.0.0', '2.0.0'],
])('%s', (_, to, version) => {
  expect(rollbackTarget('dev', usual, to).version).toBe(version);
});

test('hosts that were taken over serve what the environment does not remember: the newest it does is the one before', () => {
  expect(rollbackTarget('dev', status({ committed: release('7.0.0'), releases }), undefined).version).toBe(
    '2.0.0',
  );
});

test.each([
  ['nothing was ever deployed', null, undefined, 'Nothing was committed on dev yet'],
  ['nothing was committed', status({}), '1.0.0', 'Nothing was committed on dev yet'],
  [
    'only one release',
    status({ committed: release('2.0.0'), releases: [release('2.0.0')] }),
    undefined,
    'dev remembers no release before 2.0.0 (200abcde).',
  ],
  ['an unknown one', usual, '3.0.0', 'dev does not remember "3.0.0"; known: 2.0.0 (200abcde), 1.0.0'],
])('refused: %s', (_, known, to, sentence) => {
  expect(() => rollbackTarget('dev', known, to)).toThrow(sentence);
  expect(() => rollbackTarget('dev', known, to)).toThrow(
    expect.objectContaining({ code: 'ROLLBACK_TARGET_UNKNOWN' }),
  );
});

test.each([
  [[], null],
  [['all'], null],
  [['backend', 'backend'], ['backend']],
  [
    ['site', 'backend'],
    ['site', 'backend'],
  ],
])('components %j are %j', (given, chosen) => {
  expect(chosenComponents(given, ['backend', 'site'])).toEqual(chosen);
});

test('unknown components are named, with the known ones', () => {
  expect(() => chosenComponents(['backend', 'sit', 'sat'], ['backend', 'site'])).toThrow(
    'There is no component "sit", "sat"; known: backend, site, or all of them: all.',
  );
});
