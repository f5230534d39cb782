import { describe, expect, test } from '@jest/globals';
import { assertVersion, environmentOf, loadConfig } from '../../src/config/load.js';
import { changed, complaint, FILE, GOOD, parsed } from './fixture.js';

describe('a good file', () => {
  const config = parsed();
  const production = environmentOf(config, 'production');
  const staging = environmentOf(config, 'staging');

  test('gives every environment complete, with absolute paths', () => {
    expect([...config.environments.keys()]).toEqual(['production', 'staging']);
    expect(production).toMatchObject({
      application: 'campus',
      name: 'production',
      versionForm: 'semver',
      releaseDirectory: '/srv/campus/releases/{version}',
      ssh: { user: 'deploy', key: '/srv/campus/keys/deploy', knownHosts: '/srv/campus/keys/known_hosts' },
      records: '/var/lib/safeguard/records',
    });
    expect(staging.ssh.key).toBe('/etc/keys/deploy');
    expect(production.hosts).toEqual([
      { name: 'web-1', address: '192.0.2.11', port: 22 },
      { name: 'web-2', address: '192.0.2.12', port: 2222 },
    ]);
  });

  test('has placeholders filled, except those that are filled later', () => {
    const backend = production.components['backend'];
    expect(backend).toMatchObject({
      exec: ['/usr/bin/java', '-jar', '{release}/campus.jar', '--name=production'],
      environment: { DATABASE_URL: 'jdbc:postgresql://192.0.2.21:5432/campus_production' },
    });
    expect(production.migrations?.url).toBe('jdbc:postgresql://192.0.2.21/campus_production');
    expect(production.cache).toEqual({ host: '192.0.2.21', port: 6379 });
  });

  test('lays an environment’s overrides over the application, key by key', () => {
    expect(production.components['backend']).toMatchObject({ port: 8080, user: 'campus' });
    expect(staging.components['backend']).toMatchObject({ port: 8081, user: 'campus' });
  });

  test('a number stays a number where a placeholder is the whole value', () => {
    const text = changed('    port: 8080', "    port: '{vars.database_port}'");
    expect(environmentOf(parsed(text), 'production').components['backend']).toMatchObject({ port: 5432 });
  });

  test('the presets of the policies hold where the environment says nothing', () => {
    expect(production.policy).toMatchObject({
      approval: { required: true, timeoutSeconds: 86_400, fourEyes: true },
      retries: { tries: 3, delaySeconds: 30 },
      runTimeoutSeconds: 21_600,
      checks: { attempts: 3, pageAttempts: 2, intervalSeconds: 5 },
      keepReleases: 5,
    });
    expect(staging.policy).toMatchObject({
      approval: { required: true, fourEyes: false },
      retries: { tries: 5, delaySeconds: 120 },
    });
  });
});

describe('whoever asks for something that is not there is told what is', () => {
  test('an environment', () => {
    expect(() => environmentOf(parsed(), 'prod')).toThrow(
      `${FILE} has no environment "prod"; it has: production, staging.`,
    );
  });

  test('a version', () => {
    const production = environmentOf(parsed(), 'production');
    expect(() => assertVersion(production, `1.0;${'x'.repeat(500)}`)).toThrow(
      /^"1\.0;x{56}" is not a version of the form "semver"\.$/,
    );
    expect(() => assertVersion(production, '1.0.0')).not.toThrow();
  });

  test('a file', () => {
    expect(() => loadConfig('/nowhere/safeguard.yaml')).toThrow(
      /^\/nowhere\/safeguard\.yaml can't be read: there is no such file\.$/,
    );
  });
});

/** `piece` replaced by `by` → what is said, each line after the file's name. */
const WRONG: readonly (readonly [title: string, piece: string, by: string, said: readonly string[]])[] = [
  [
    'a wrong type',
    '    port: 8080',
    '    port: "80"',
    ['11:11 components.backend.port: expected number, received string'],
  ],
  [
    'out of range',
    '    port: 8080',
    '    port: 80800',
    ['11:11 components.backend.port: expected number to be <=65535'],
  ],
  [
    'a typing mistake in a key',
    '    port: 8080',
    '    prot: 8080',
    [
      '11:11 components.backend.prot: is no key that is known here',
      // Of production alone: staging has a port of its own.
      '8:5 components.backend.port: is missing; expected number',
    ],
  ],
  [
    'a wrong name',
    'application: campus',
    'application: Campus',
    ['1:14 application: expected lower-case letters, digits and dashes'],
  ],
  [
    'a kind that is not known',
    'kind: systemd',
    'kind: docker',
    ['8:11 components.backend.kind: expected a map with kind: systemd or kind: static'],
  ],
  [
    'no host',
    '{ web-1: 192.0.2.31 }',
    '{}',
    ['46:12 environments.staging.hosts: expected at least one host'],
  ],
  [
    'a host that is no address',
    'web-1: 192.0.2.11',
    'web-1: { adress: 192.0.2.11 }',
    [
      '41:14 environments.production.hosts.web-1: expected an address such as 192.0.2.11, or {address: 192.0.2.11, port: 22}',
    ],
  ],
  [
    'a policy that is not known',
    'policy: production',
    'policy: prod',
    ['39:13 environments.production.policy: expected one of "dev"|"uat"|"production"'],
  ],
  [
    'no duration',
    'delay: 2m',
    'delay: 2 minutes',
    [
      '51:33 environments.staging.retries.delay: expected a duration such as 30s, 5m or 6h: a whole number from 1 to 999999, then s, m, h or d',
    ],
  ],
  [
    'a path without a slash',
    '[/, /login]',
    '[/, login]',
    ['26:16 components.frontend.pages.1: expected a path such as /health'],
  ],
  [
    'a route to nowhere',
    '{ /api/: backend }',
    '{ /api/: frontend }',
    ['25:22 components.frontend.routes./api/: expected the name of a systemd component, got frontend'],
  ],
  [
    'a route to something inherited',
    '{ /api/: backend }',
    '{ /api/: constructor }',
    ['25:22 components.frontend.routes./api/: expected the name of a systemd component, got constructor'],
  ],
  [
    'a bad variable name',
    'DATABASE_URL:',
    'databaseUrl:',
    [
      '14:20 components.backend.environment.databaseUrl: is no key that may stand here: expected a name such as DATABASE_URL',
    ],
  ],
  [
    'a mistake in an override',
    'backend: { port: 8081 }',
    'backend: { port: eighty }',
    ['50:24 components.backend.port: expected number, received string'],
  ],
  [
    'a typing mistake in an override',
    'backend: { port: 8081 }',
    'backend: { prot: 8081 }',
    ['50:24 components.backend.prot: is no key that is known here'],
  ],
  [
    'an override of nothing',
    'backend: { port: 8081 }',
    'worker: { port: 8081 }',
    ['50:15 components.worker.kind: expected a map with kind: systemd or kind: static'],
  ],
  [
    'a key twice',
    'release:\n',
    'release:\n  directory: x\n',
    ['5:3 Map keys must be unique; directory is there twice'],
  ],
  [
    'no YAML',
    'application: campus',
    'application: a: b',
    ['1:14 Nested mappings are not allowed in compact mappings'],
  ],
];

describe('says where, what and what was expected:', () => {
  test.each(WRONG)('%s', (_title, piece, by, said) => {
    const lines = complaint(changed(piece, by)).split('\n');
    const shown = lines.filter((line) => !line.startsWith('environment '));
    expect(shown).toEqual(said.map((line) => `${FILE}:${line}`));
  });

  test('a placeholder that stands for nothing', () => {
    expect(complaint(changed('/campus.jar', '/{vars.jar}'))).toBe(
      `${FILE}:12:33 components.backend.exec.2: {vars.jar} stands for nothing; known: application, environment, vars.database_host, vars.database_port, release, version`,
    );
    expect(complaint(changed('/campus.jar', '/{constructor}'))).toContain('{constructor} stands for nothing');
  });

  test('the environment, where only one of them is wrong', () => {
    expect(complaint(changed('backend: { port: 8081 }', 'backend: { port: 0 }'))).toMatch(
      /^environment staging:\n/,
    );
  });

  test('all problems of a file at once', () => {
    expect(complaint('application: Campus\nextra: 1\n').split('\n')).toHaveLength(5);
  });
});

describe('a secret', () => {
  test.each([
    ['hunter2-plain', '{ env: CAMPUS_DB_PASSWORD }'],
    ['hunter2-plain', '{ file: /run/secrets/db }'],
    ['{ value: hunter2-plain }', '{ env: CAMPUS_DB_PASSWORD }'],
    ['{ env: A, file: hunter2-plain }', '{ env: CAMPUS_DB_PASSWORD }'],
  ])('written as %s instead of %s is refused, and not repeated', (secret, reference) => {
    const said = complaint(changed(reference, secret));
    expect(said).toContain(
      'expected a reference such as {env: DATABASE_PASSWORD} or {file: /run/secrets/db}',
    );
    expect(said).not.toContain('hunter2');
  });
});

describe('a hostile file', () => {
  test('anchors that multiply are refused in no time', () => {
    const lines = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map(
      (key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`,
    );
    const began = performance.now();
    expect(complaint(['a: &a [x, x, x, x, x, x, x, x, x]', ...lines].join('\n'))).toContain(
      'resource exhaustion',
    );
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('keys of objects’ prototypes are ordinary keys, and unknown', () => {
    expect(complaint(`__proto__: { polluted: true }\n${GOOD}`)).toContain('is no key that is known here');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test.each(['', '[]', 'null', '42', '\t'])('%j is no configuration', (text) =>
    expect(complaint(text)).toMatch(/file: (is empty; )?expected map/),
  );
});

describe('Ansible', () => {
  const played = changed(
    '    kind: static',
    '    kind: static\n    transport: ansible\n    playbook: play/site.yml',
  );

  test('carries a component that says so, with a playbook that is found from the file', () => {
    const { components } = environmentOf(parsed(played), 'production');
    expect(components['frontend']).toMatchObject({
      transport: 'ansible',
      playbook: '/srv/campus/play/site.yml',
    });
    expect(components['backend']).toMatchObject({ transport: 'ssh' });
  });

  test('has to be said where a playbook is named', () => {
    const text = changed('    kind: static', '    kind: static\n    undo_playbook: play/undo.yml');
    expect(complaint(text)).toMatch(
      /safeguard\.yaml:\d+:\d+ components\.frontend\.undo_playbook: expected transport: ansible beside it/,
    );
  });

  test('knows the hosts where an inventory is named, and nothing else does then', () => {
    const inventory = '    inventory: { file: fleet.yml, group: web }\n';
    const text = changed(
      '    ssh: { user: deploy, key: keys/deploy',
      `${inventory}    ssh: { user: deploy, key: keys/deploy`,
    );
    expect(complaint(text)).toMatch(/environments\.production: expected either hosts or inventory/);
    const alone = text.replace(/    hosts:\n      web-1: 192\.0\.2\.11\n.*\n/, '');
    expect(environmentOf(parsed(alone), 'production')).toMatchObject({
      hosts: [],
      inventory: { file: '/srv/campus/fleet.yml', group: 'web' },
    });
  });
});
