/** One report of a check run. */
export interface FakeCheckRun {
  readonly name: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: string | null;
  /** Number of the app. */
  readonly app: number;
}

/** A check that a branch requires. */
export interface FakeRequired {
  readonly context: string;
  /** Left out: any app's. */
  readonly app?: number;
}

/** A branch: where it is, and what it requires in which of GitHub's two ways. */
export interface FakeBranch {
  readonly tip: string;
  readonly protection: readonly FakeRequired[];
  readonly rules: readonly FakeRequired[];
}

/** What the fake GitHub knows of its one repository; tests write it. Commits are made of a word: `sha('first')`. */
export class FakeRepository {
  /** Commit → its parent. */
  readonly parents = new Map<string, string | null>();
  /** Tag → SHA of a commit, or of a tag object. */
  readonly tags = new Map<string, string>();
  /** Tag object → what it leads to. */
  readonly tagObjects = new Map<string, { readonly type: string; readonly sha: string }>();
  readonly branches = new Map<string, FakeBranch>();
  /** Former name of a branch → its name now. */
  readonly renamed = new Map<string, string>();
  readonly checkRuns = new Map<string, FakeCheckRun[]>();
  readonly statuses = new Map<string, { readonly context: string; readonly state: string }[]>();
  /** `protection`: the token sees no protection; `rules`: it may not read rules. */
  readonly hidden = new Set<'protection' | 'rules'>();

  constructor(readonly name: string) {}

  /** Adds a commit; answers its SHA. */
  commit(word: string, parent: string | null = null): string {
    const made = sha(word);
    this.parents.set(made, parent);
    return made;
  }

  branch(name: string, tip: string, required: Partial<Omit<FakeBranch, 'tip'>> = {}): void {
    this.branches.set(name, { tip, protection: [], rules: [], ...required });
  }

  /** An annotated tag, as `git tag -a` makes it. */
  annotated(name: string, commit: string): void {
    const object = sha(`tag ${name}`);
    this.tagObjects.set(object, { type: 'commit', sha: commit });
    this.tags.set(name, object);
  }

  /** Adds a report of a check; `success` and the like are conclusions, `in_progress` and `queued` are none. */
  report(commit: string, name: string, word: string, app = 15_368): void {
    const isOpen = word === 'in_progress' || word === 'queued';
    const run: FakeCheckRun = isOpen
      ? { name, status: word, conclusion: null, app }
      : { name, status: 'completed', conclusion: word, app };
    this.checkRuns.set(commit, [...(this.checkRuns.get(commit) ?? []), run]);
  }

  status(commit: string, context: string, state: string): void {
    this.statuses.set(commit, [...(this.statuses.get(commit) ?? []), { context, state }]);
  }

  /** A commit by SHA, by the beginning of one, or by the name of a branch, which comes first as at GitHub. */
  resolve(ref: string): string | null {
    const branch = this.branches.get(ref);
    if (branch) return branch.tip;
    const found = [...this.parents.keys()].filter((commit) => commit.startsWith(ref));
    return found.length === 1 && found[0] !== undefined ? found[0] : null;
  }

  /** How `head` lies to `base`; `null`: they have nothing in common. */
  compare(base: string, head: string): 'identical' | 'behind' | 'ahead' | 'diverged' | null {
    if (base === head) return 'identical';
    const [ofBase, ofHead] = [this.line(base), this.line(head)];
    if (ofBase.includes(head)) return 'behind';
    if (ofHead.includes(base)) return 'ahead';
    return ofBase.some((commit) => ofHead.includes(commit)) ? 'diverged' : null;
  }

  private line(from: string): string[] {
    const line: string[] = [];
    for (let at: string | null = from; at !== null; at = this.parents.get(at) ?? null) line.push(at);
    return line;
  }
}

/** Forty hexadecimal digits made of a word. */
export function sha(word: string): string {
  return Buffer.from(word.padEnd(20, '.').slice(0, 20)).toString('hex');
}
