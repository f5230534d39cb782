import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isPlayToCome, playedBy } from '../../src/activities/by-ansible.js';
import type { EnvironmentConfig } from '../../src/config/load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-played-'));
  await writeFile(join(folder, 'site.yml'), '[]\n');
});
afterAll(() => rm(folder, { recursive: true }));

/** Components by the playbooks they name. */
function played(components: Record<string, { playbook?: string; undo_playbook?: string }>) {
  const byAnsible = Object.entries(components).map(
    ([name, own]) => [name, { transport: 'ansible', ...own }] as const,
  );
  return playedBy({
    components: { api: { transport: 'ssh' }, ...Object.fromEntries(byAnsible) },
  } as unknown as EnvironmentConfig);
}

test('components that Ansible carries out, with their playbooks as they are now', async () => {
  const playbook = join(folder, 'site.yml');
  const sha256: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(await played({ backend: { playbook }, frontend: {} })).toEqual({
    backend: { transport: 'ansible', playbook: { path: playbook, sha256 } },
    frontend: { transport: 'ansible' },
  });
});

test('of two playbooks that are not there, the first in the order of the configuration is told', async () => {
  const gone = join(folder, 'undo.yml');
  const both = played({
    // One more file to read, so that it is the later one where both are read at once.
    backend: { playbook: join(folder, 'site.yml'), undo_playbook: gone },
    frontend: { undo_playbook: gone },
  });
  await expect(both).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('components.backend.undo_playbook') as unknown,
  });
});

test('a play of safeguard’s own is to come where Ansible puts a component in place without a playbook of the team’s', () => {
  const components = {
    api: { transport: 'ssh' },
    backend: { transport: 'ansible' },
    frontend: { transport: 'ansible', playbook: join(folder, 'site.yml') },
  };
  const isToCome = (...names: string[]) =>
    isPlayToCome({ components } as unknown as EnvironmentConfig, names);
  expect(isToCome('api', 'backend', 'frontend')).toBe(true);
  expect(isToCome('api', 'frontend')).toBe(false);
  expect(isToCome()).toBe(false);
});
