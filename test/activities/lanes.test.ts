import { expect, test } from '@jest/globals';
import { lanes } from '../../src/activities/lanes.js';
import type { Manifest } from '../../src/domain/manifest.js';

const MB = 1024 * 1024;

/** A release with components of so many bytes. */
function release(sizes: Readonly<Record<string, number>>): Manifest {
  const components = Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [name, { artifact: { size } }]),
  );
  return { components } as unknown as Manifest;
}

test.each([
  ['small ones before a large one', { api: 30 * MB, site: MB, docs: 1 }, [['site', 'docs', 'api']]],
  ['large ones side by side', { api: 30 * MB, site: 4 * MB, app: 5 * MB }, [['site', 'api'], ['app']]],
  ['small ones alone', { api: 1, site: 2 }, [['api', 'site']]],
  ['nothing', {}, []],
])('%s', (_what, sizes, expected) => {
  expect(lanes(release(sizes), Object.keys(sizes))).toEqual(expected);
});
