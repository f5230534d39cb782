import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { composeManifest } from '../../src/domain/compose.js';
import type {
  ComponentManifest,
  Manifest,
  SchemaManifest,
  StaticManifest,
} from '../../src/domain/manifest.js';
import { isVersion } from '../../src/domain/version.js';

/** `mark` stands for everything that can differ between two releases. */
function service(name: string, port: number, mark: string): ComponentManifest {
  return {
    kind: 'systemd',
    artifact: { file: `${name}.tar.gz`, sha256: mark.padEnd(64, '0'), size: 1 },
    unit: `${name}.service`,
    user: 'campus',
    exec: ['/usr/bin/python3'],
    environment: {},
    secrets: [],
    port,
    stopTimeoutSeconds: 10,
  };
}

function site(port: number, mark: string): StaticManifest {
  return {
    kind: 'static',
    artifact: { file: 'frontend.tar.gz', sha256: mark.padEnd(64, '0'), size: 1 },
    listen: 80,
    serverName: '_',
    routes: { '/api/': port },
  };
}

function schema(target: string, min: string, max: string): SchemaManifest {
  return { migrations: [{ file: `V${target}__x.sql`, sha256: target }], target, tolerates: { min, max } };
}

function release(version: string, over: Partial<Manifest> = {}): Manifest {
  const components = {
    backend: service('backend', 8080, version),
    frontend: site(8080, version),
    worker: service('worker', 8081, version),
  };
  return { application: 'campus', version, components, ...over };
}

/** A component without what only a composite release says of it. */
function asReleased(component: ComponentManifest | undefined): unknown {
  return JSON.parse(JSON.stringify({ ...component, releasedAs: undefined }));
}

const ONE = release('1.0.0');
const TWO = release('2.0.0');
const THREE = release('3.0.0');

describe('a composite release', () => {
  test('has the components named from the target, and all others as they are', () => {
    const composite = composeManifest(TWO, ONE, ['backend']);
    expect(composite).toEqual({
      ...TWO,
      version: '2.0.0+backend.1.0.0',
      components: {
        ...TWO.components,
        backend: { ...ONE.components['backend'], releasedAs: '1.0.0' },
        worker: { ...TWO.components['worker'], releasedAs: '2.0.0' },
      },
    });
  });

  test('of a composite release keeps what each component was released as', () => {
    const composite = composeManifest(composeManifest(TWO, ONE, ['backend']), THREE, ['worker']);
    expect(composite.components).toMatchObject({
      backend: { releasedAs: '1.0.0' },
      worker: { releasedAs: '3.0.0' },
    });
  });

  test('names its components in order', () => {
    expect(composeManifest(TWO, ONE, ['worker', 'backend', 'worker']).version).toBe(
      '2.0.0+backend.1.0.0+worker.1.0.0',
    );
  });

  test('of a composite release stays readable', () => {
    const composite = composeManifest(THREE, ONE, ['backend']);
    expect(composeManifest(composite, TWO, ['backend']).version).toBe('3.0.0+backend.2.0.0');
    expect(composeManifest(composite, TWO, ['frontend']).version).toBe('3.0.0+backend.1.0.0+frontend.2.0.0');
    expect(composeManifest(TWO, composite, ['backend']).version).toBe('2.0.0+backend.1.0.0');
    expect(composeManifest(TWO, composite, ['worker']).version).toBe('2.0.0+worker.3.0.0');
  });

  test('does not take a plus that belongs to the version for a part', () => {
    const built = release('1.0.0+build.7');
    expect(composeManifest(built, TWO, ['backend']).version).toBe('1.0.0+build.7+backend.2.0.0');
    expect(composeManifest(TWO, built, ['backend']).version).toBe('2.0.0+backend.1.0.0+build.7');
  });

  test('has a version that is cut where it would be too long', () => {
    const { version } = composeManifest(release('a'.repeat(100)), release('b'.repeat(100)), ['backend']);
    expect(version).toHaveLength(128);
    expect(isVersion(version, 'tag')).toBe(true);
  });

  test('is the present release itself where nothing differs', () => {
    expect(composeManifest(TWO, { ...TWO, version: '9' }, ['backend'])).toBe(TWO);
    expect(composeManifest(TWO, ONE, [])).toBe(TWO);
  });
});

describe('is refused', () => {
  const UNKNOWN = expect.objectContaining({ code: 'ROLLBACK_TARGET_UNKNOWN' });
  const { worker, ...fewer } = ONE.components;
  const without = release('1.0.0', { components: fewer });

  test.each([
    ['a component that neither has', TWO, ONE, 'database'],
    ['one that only the present release has', TWO, without, 'worker'],
    ['one that only the target has', { ...without, version: '2.0.0' }, ONE, 'worker'],
    ['one that every object has', TWO, ONE, 'constructor'],
    ['another application', TWO, { ...ONE, application: 'other' }, 'backend'],
  ])('%s', (_what, present, target, component) => {
    expect(worker).toBeDefined();
    expect(() => composeManifest(present, target, [component])).toThrow(UNKNOWN);
  });

  test.each([
    ['a route that would lead nowhere', { ...ONE.components, backend: service('backend', 9090, 'a') }],
    ['a port that two would have', { ...ONE.components, worker: service('worker', 8080, 'a') }],
    ['a unit that two would have', { ...ONE.components, backend: service('worker', 8080, 'a') }],
  ])('%s', (_what, components) => {
    expect(() => composeManifest(TWO, release('1.0.0', { components }), ['backend', 'worker'])).toThrow(
      UNKNOWN,
    );
  });
});

describe('the schema', () => {
  const compose = (present: SchemaManifest | null, target: SchemaManifest | null): Manifest =>
    composeManifest(
      release('2.0.0', present ? { schema: present } : {}),
      release('1.0.0', target ? { schema: target } : {}),
      ['backend'],
    );
  const REFUSED = expect.objectContaining({ code: 'SCHEMA_NOT_TOLERATED' });

  test('is not undone, and both must tolerate it', () => {
    expect(compose(schema('2', '1', '10'), schema('1', '1.1', '2.5')).schema).toEqual({
      ...schema('2', '1', '10'),
      tolerates: { min: '1.1', max: '2.5' },
    });
  });

  test('stays where the target uses none', () => {
    expect(compose(schema('2', '1', '3'), null).schema).toEqual(schema('2', '1', '3'));
    expect(compose(null, null).schema).toBeUndefined();
  });

  test.each([
    ['is too new for the target', schema('10', '1', '10'), schema('2', '1', '9')],
    ['is too old for the target', schema('2', '1', '3'), schema('3', '3', '4')],
    ['has no version that both tolerate', schema('3', '3', '3'), schema('1', '1', '2')],
    ['is needed by the target only', null, schema('1', '1', '2')],
  ])('refuses one that %s', (_what, present, target) => {
    expect(() => compose(present, target)).toThrow(REFUSED);
  });
});

describe('whatever the releases', () => {
  const version = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/);
  const mark = fc.stringMatching(/^[0-9a-f]{4}$/);
  const some = fc
    .tuple(version, mark, mark, mark, fc.integer({ min: 1, max: 4 }))
    .map(([name, a, b, c, level]): Manifest & { schema: SchemaManifest } => ({
      ...release(name),
      components: {
        backend: service('backend', 8080, a),
        frontend: site(8080, b),
        worker: service('worker', 8081, c),
      },
      schema: schema(String(level), '1', '4'),
    }));
  const names = fc.subarray(['backend', 'frontend', 'worker']);

  test('all components of the target give its components', () => {
    fc.assert(
      fc.property(some, some, (present, target) => {
        const composite = composeManifest(present, target, Object.keys(target.components));
        for (const [name, component] of Object.entries(composite.components))
          expect(asReleased(component)).toEqual(target.components[name]);
      }),
    );
  });

  test('each component comes whole from one of the two', () => {
    fc.assert(
      fc.property(some, some, names, (present, target, named) => {
        const { components } = composeManifest(present, target, named);
        for (const name of Object.keys(present.components))
          expect(asReleased(components[name])).toEqual(
            (named.includes(name) ? target : present).components[name],
          );
        expect(Object.keys(components)).toEqual(Object.keys(present.components));
      }),
    );
  });

  test('composing twice is composing once, and the order of names does not count', () => {
    fc.assert(
      fc.property(some, some, names, (present, target, named) => {
        const once = composeManifest(present, target, named);
        expect(composeManifest(once, target, named)).toEqual(once);
        expect(composeManifest(present, target, [...named].reverse())).toEqual(once);
      }),
    );
  });

  test('the version is one, even of composites of composites', () => {
    fc.assert(
      fc.property(some, some, some, names, names, (a, b, c, first, second) => {
        const composite = composeManifest(composeManifest(a, b, first), c, second);
        expect(isVersion(composite.version, 'tag')).toBe(true);
        expect(composite.schema?.target).toBe(a.schema.target);
      }),
    );
  });
});
