import { describe, expect, test } from '@jest/globals';
import { changed, complaint, FILE, GOOD } from './fixture.js';

/** The good file with several pieces replaced. */
function wrong(...changes: readonly (readonly [piece: string, by: string])[]): string[] {
  return told(changes.reduce((text, [piece, by]) => text.replace(piece, by), GOOD));
}

/** The lines of what is said, without the file's name. */
function told(text: string): string[] {
  return complaint(text)
    .split('\n')
    .map((line) => line.replace(`${FILE}:`, ''));
}

const KIND = '24:11 components.frontend.kind: expected a map with kind: systemd or kind: static';
const LISTEN = ['    kind: static', '    kind: static\n    listen: 99999'] as const;

describe('each mistake is told at once:', () => {
  test('of an environment and of a component', () => {
    expect(wrong(['policy: production', 'policy: devv'], ['kind: static', 'kind: stattic'])).toEqual([
      '39:13 environments.production.policy: expected one of "dev"|"uat"|"production"',
      KIND.replace('24:', '23:'),
    ]);
  });

  test('of a component and between components, once for all environments', () => {
    expect(wrong(LISTEN, ['{ /api/: backend }', '{ /api/: bakend, /b/: nope }'])).toEqual([
      '24:13 components.frontend.listen: expected number to be <=65535',
      '26:22 components.frontend.routes./api/: expected the name of a systemd component, got bakend',
      '26:35 components.frontend.routes./b/: expected the name of a systemd component, got nope',
    ]);
  });

  test('of every environment, beneath its name', () => {
    expect(
      wrong(
        LISTEN,
        ['backend: { port: 8081 }', 'backend: { port: 0 }'],
        ['vars: { database_host: 192.0.2.21,', 'vars: {'],
      ),
    ).toEqual([
      '24:13 components.frontend.listen: expected number to be <=65535',
      'environment production:',
      '14:21 components.backend.environment.DATABASE_URL: {vars.database_host} stands for nothing; known: application, environment, vars.database_port, release, version',
      '31:8 migrations.url: {vars.database_host} stands for nothing; known: application, environment, vars.database_port, release, version',
      '36:16 cache.host: {vars.database_host} stands for nothing; known: application, environment, vars.database_port, release, version',
      'environment staging:',
      '51:24 components.backend.port: expected number to be >=1',
    ]);
  });

  test('of hosts, approvals and checks of one’s own', () => {
    const checks = [
      '    own_checks:',
      "      - { kind: http, name: a, url: 'http://{vars.nope}/' }",
      "      - { kind: http, name: b, url: 'http://me@x/' }",
    ].join('\n');
    expect(
      wrong(
        ['    approval: { allowed_signers: keys/allowed_signers }', checks],
        ['    hosts: { web-1: 192.0.2.31 }\n', ''],
        ['retries: { tries: 5', 'retries: { tries: 50'],
      ),
    ).toEqual([
      '52:23 environments.staging.retries.tries: expected number to be <=10',
      expect.stringMatching(/^38:5 environments\.production\.approval: approvals have to be signed here/),
      expect.stringMatching(
        /^39:9 environments\.production\.own_checks\.0: \{vars\.nope\} stands for nothing; known/,
      ),
      '40:9 environments.production.own_checks.1: expected a URL without a login; secret_headers names where one is found',
      '48:5 environments.staging: expected either hosts or inventory',
    ]);
  });

  test('of the place of audit trails', () => {
    const audit = '\naudit: { s3: { bucket: a, access_key: { env: KEY } } }\n';
    const [first, second] = told(changed('kind: static', 'kind: stattic') + audit);
    expect(first).toMatch(/^54:14 audit\.s3: expected both access_key and secret_key, or neither$/);
    expect(second).toBe(KIND.replace('24:', '23:'));
  });

  test('keys that are there twice', () => {
    expect(
      wrong(
        ['  directory:', '  directory: x\n  directory:'],
        ['    port: 8080', '    port: 1\n    port: 8080'],
      ),
    ).toEqual([
      '5:3 Map keys must be unique; directory is there twice',
      '13:5 Map keys must be unique; port is there twice',
    ]);
  });
});

describe('what follows from a mistake is not told beside it:', () => {
  test('a placeholder that stands for nothing, where a number is expected', () => {
    expect(
      wrong(
        ['    port: 8080', "    port: '{vars.nope}'"],
        ['      backend: { port: 8081 }', '      backend: {}'],
      ),
    ).toEqual([
      expect.stringMatching(/^11:11 components\.backend\.port: \{vars\.nope\} stands for nothing/),
      // The other environment's list of what is known is the same.
    ]);
  });

  test('a route to a component whose kind is wrong', () => {
    expect(wrong(['kind: systemd', 'kind: sytemd'])).toEqual([
      KIND.replace('24:', '8:').replace('frontend', 'backend'),
    ]);
  });

  test('a name that {application} is filled with', () => {
    expect(
      wrong(['application: campus', 'application: Campus'], ['user: campus\n', "user: '{application}'\n"]),
    ).toEqual(['1:14 application: expected lower-case letters, digits and dashes']);
  });
});

test('many environments that share a mistake are not all named, and the mistake is told once', () => {
  const names = Array.from({ length: 30 }, (_, index) => `e${index}`);
  const environments = names.map(
    (name) =>
      `  ${name}:\n    hosts: { w: w }\n    ssh: { user: d, key: k, known_hosts: h }\n    vars: { database_host: a, database_port: 1 }\n`,
  );
  const text = changed('    port: 8080', '    port: 0') + environments.join('');
  const lines = told(text);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('environment production, e0, e1, e2, e3, e4, e5, e6, e7, e8 and 21 more:');
});

describe('in words of our own:', () => {
  test('a second document', () => {
    expect(told(`${GOOD}---\n${GOOD}`)).toEqual([
      '53:1 a second document begins here; expected one in the file',
    ]);
  });

  test.each(['', '# nothing yet\n', 'null'])('an empty file: %j', (text) => {
    expect(complaint(text)).toMatch(/^\/srv\/campus\/safeguard\.yaml(:1:1)? file: is empty; expected map$/);
  });

  test('a key without a value', () => {
    expect(
      wrong(['{ directory: releases/{version} }', ''], ['  directory: releases/{version}', '']).join('\n'),
    ).toBe('3:9 release: is empty; expected map');
  });
});
