import { describe, expect, test } from '@jest/globals';
import { SafeguardError } from '../../src/domain/errors.js';
import {
  asksForOrigin,
  commitToJudge,
  findingsOnCommit,
  judgeChecks,
  onTheirWord,
  tagOf,
  type CheckReport,
  type Claims,
  type Needed,
} from '../../src/domain/provenance.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const NOTHING = { tag: null, branches: null, checks: null };
const PRODUCTION = { tag: 'v{version}', branches: ['main'], checks: 'required' } as const;

function claims(over: Partial<Claims> & { readonly commit?: string } = {}): Claims {
  const { commit, ...rest } = over;
  const source = commit === undefined ? null : { commit, ref: null };
  return { version: '1.0.0', built: null, source, ...rest };
}

/** What the work is refused with. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SafeguardError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
}

test('a policy asks for something, or for nothing', () => {
  expect(asksForOrigin(NOTHING)).toBe(false);
  expect(asksForOrigin({ ...NOTHING, tag: 'v{version}' })).toBe(true);
  expect(asksForOrigin({ ...NOTHING, branches: ['main'] })).toBe(true);
  expect(asksForOrigin({ ...NOTHING, checks: ['build'] })).toBe(true);
});

test('the tag is made of the version', () => {
  expect(tagOf(PRODUCTION, '1.4.2')).toBe('v1.4.2');
  expect(tagOf(NOTHING, '1.4.2')).toBeNull();
});

describe('where nobody looks', () => {
  test('that is said, with what was not looked at', () => {
    const source = { commit: A, ref: 'refs/tags/v1.0.0' };
    expect(onTheirWord(PRODUCTION, claims({ source }), 'github is not configured')).toEqual({
      by: 'caller',
      commit: A,
      ref: 'refs/tags/v1.0.0',
      findings: ['Nobody looked at tag v1.0.0, branch main, required checks: github is not configured.'],
    });
  });

  test('the release’s own word counts where the caller says nothing', () => {
    expect(onTheirWord(NOTHING, claims({ built: 'abcdef0' }), 'nothing is asked for')).toMatchObject({
      commit: 'abcdef0',
      ref: null,
      findings: ['Nobody looked at the origin: nothing is asked for.'],
    });
  });

  test('a contradiction is said, and stops nobody', () => {
    const { findings } = onTheirWord(NOTHING, claims({ built: 'bbbbbbb', commit: A }), 'why');
    expect(findings[1]).toBe(
      'release.json names commit bbbbbbb and the caller aaaaaaaaaaaa; nobody judged which is right.',
    );
  });
});

describe('the commit', () => {
  const tag = { name: 'v1.0.0', commit: A };

  test.each<[string, typeof tag | null, Claims, string]>([
    ['is the tag’s', tag, claims(), A],
    ['is the tag’s when all agree', tag, claims({ built: 'aaaaaaa', commit: A }), A],
    ['is the caller’s where there is no tag', null, claims({ commit: A, built: 'aaaaaaa' }), A],
    ['is the release’s own where nobody else says one', null, claims({ built: 'aaaaaaa' }), 'aaaaaaa'],
  ])('%s', (_title, found, said, commit) => expect(commitToJudge(found, said)).toBe(commit));

  test.each<[string, typeof tag | null, Claims, string]>([
    [
      'nobody names one',
      null,
      claims(),
      'RELEASE_NOT_ALLOWED: Nobody says which commit the release was built from, so neither its branch nor its checks can be judged: release.json names none, and --commit was not given.',
    ],
    [
      'the release was built from another',
      tag,
      claims({ built: 'bbbbbbb' }),
      'RELEASE_NOT_ALLOWED: The release was built from commit bbbbbbb, but tag v1.0.0 is aaaaaaaaaaaa.',
    ],
    [
      'the caller names another',
      tag,
      claims({ commit: B }),
      'RELEASE_NOT_ALLOWED: The caller names commit bbbbbbbbbbbb, but tag v1.0.0 is aaaaaaaaaaaa.',
    ],
    [
      'release and caller differ',
      null,
      claims({ built: 'bbbbbbb', commit: A }),
      'RELEASE_NOT_ALLOWED: The release was built from commit bbbbbbb, but the caller names aaaaaaaaaaaa.',
    ],
  ])('is refused when %s', (_title, found, said, message) =>
    expect(refusal(() => commitToJudge(found, said))).toBe(message),
  );

  test('is described with what is known of it, and what is not', () => {
    expect(findingsOnCommit(tag, A, claims({ built: 'aaaaaaa', commit: A }))).toEqual([
      'Tag v1.0.0 is commit aaaaaaaaaaaa.',
      'release.json says that the release was built from it.',
      'The caller names the same commit.',
    ]);
    expect(findingsOnCommit(null, A, claims({ commit: A }))[1]).toContain('release.json names no commit');
  });
});

describe('checks', () => {
  const green = (name: string, app: number | null = 1): CheckReport => ({
    name,
    app,
    state: 'green',
    word: 'success',
  });
  const pending = (name: string): CheckReport => ({ ...green(name), state: 'pending', word: 'in_progress' });
  const red = (name: string): CheckReport => ({ ...green(name), state: 'red', word: 'failure' });
  const need = (...names: string[]): Needed => ({
    kind: 'named',
    checks: names.map((name) => ({ name, app: null })),
    because: 'branch main requires them',
  });
  const all: Needed = { kind: 'all', because: 'the token may not see what branch main requires' };

  test('that are required are green, whatever others say', () => {
    expect(judgeChecks(A, need('build', 'lint'), [green('build'), green('lint', null), red('other')])).toBe(
      'Every check that counts is green (branch main requires them): build, lint.',
    );
  });

  test('none is required', () => {
    const none: Needed = { kind: 'named', checks: [], because: 'branch main requires none' };
    expect(judgeChecks(A, none, [])).toBe('No check is asked for: branch main requires none.');
  });

  test.each<[string, Needed, CheckReport[], string]>([
    [
      'a red one',
      need('build'),
      [red('build')],
      'Not every check of commit aaaaaaaaaaaa is green: build is failure.',
    ],
    [
      'a pending one',
      need('build'),
      [pending('build')],
      'Not every check of commit aaaaaaaaaaaa is green: build is pending (in_progress). Checks are not waited for: start again when they have ended.',
    ],
    [
      'a missing one',
      need('build', 'lint'),
      [green('build')],
      'Not every check of commit aaaaaaaaaaaa is green: lint was not reported. Checks are not waited for: start again when they have ended.',
    ],
    [
      'one that is green by one app and red by another',
      need('build'),
      [green('build', 1), { ...red('build'), app: 2 }],
      'Not every check of commit aaaaaaaaaaaa is green: build is failure.',
    ],
    [
      'one that another app reported',
      { kind: 'named', checks: [{ name: 'build', app: 7 }], because: 'branch main requires them' },
      [green('build', 1), green('build', null)],
      'Not every check of commit aaaaaaaaaaaa is green: build was not reported by app 7, which has to. Checks are not waited for: start again when they have ended.',
    ],
    [
      'any that is not green, where nobody knows which are required',
      all,
      [green('build'), red('extra')],
      'Not every check of commit aaaaaaaaaaaa is green: extra is failure. All of them count: the token may not see what branch main requires.',
    ],
    [
      'none at all, where nobody knows which are required',
      all,
      [],
      'No check has said anything of commit aaaaaaaaaaaa, and nobody knows which are required: the token may not see what branch main requires.',
    ],
  ])('refuse %s', (_title, needed, reports, message) =>
    expect(refusal(() => judgeChecks(A, needed, reports))).toBe(`RELEASE_NOT_ALLOWED: ${message}`),
  );

  test('all of them are green where nobody knows which are required', () => {
    expect(judgeChecks(A, all, [green('build'), green('lint')])).toBe(
      'Every check that counts is green (the token may not see what branch main requires): build, lint.',
    );
  });
});
