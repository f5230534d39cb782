import type { z } from 'zod';
import { SafeguardError } from '../domain/errors.js';
import { MOST_PROBLEMS, type ConfigSource, type Path } from './source.js';

/** Characters of a path that are shown; a key may be as long as the file. */
const LONGEST_PATH = 200;
/** Environments that are named of those that share a problem. */
const MOST_NAMES = 10;

/** One mistake. */
export interface Problem {
  /** As people read it. */
  readonly path: Path;
  readonly text: string;
  /** Where the file has it, where that is not `path`. */
  readonly at?: Path;
}

/** What a schema found, in words of our own. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], text: 'is no key that is known here' }))
      : [{ path: issue.path, text: sentence(issue) }],
  );
}

/** One line a problem: `safeguard.yaml:12:9 components.backend.port: expected number, received string`. */
export function describeIssues(source: ConfigSource, error: z.ZodError): string {
  const problems = problemsOf(error);
  const told = problems.slice(0, MOST_PROBLEMS).map((problem) => described(source, problem));
  return [...told, ...more(problems.length - told.length)].join('\n');
}

function described(source: ConfigSource, { path, at = path, text }: Problem): string {
  return `${source.place(at)} ${shownPath(path)}: ${text}`;
}

function more(count: number): string[] {
  return count > 0 ? [`… and ${count} more`] : [];
}

function shownPath(path: Path): string {
  const whole = path.join('.');
  return whole.length <= LONGEST_PATH ? whole || 'file' : `${whole.slice(0, LONGEST_PATH)}…`;
}

/** What a person should have written, without the words of the schema library. */
function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    return `is no key that may stand here${inner ? `: ${inner.message}` : ''}`;
  }
  return issue.message
    .replace(/^Invalid (input|string|option)(: |$)/, '')
    .replace(/^Too (big|small): /, '')
    .replace('expected record', 'expected map')
    .replace('expected object', 'expected map')
    .replace(/^(expected .*), received undefined$/, 'is missing; $1')
    .replace(/^(expected .*), received null$/, 'is empty; $1');
}

interface Found {
  readonly problem: Problem;
  /** Those that have it; `null`: it is the file's own. */
  readonly environments: string[] | null;
}

/** Everything that is wrong with a file. */
export class Problems {
  /** By place and text: what several environments share is told once. */
  private readonly found = new Map<string, Found>();
  private judged = 0;

  constructor(private readonly source: ConfigSource) {}

  get areThere(): boolean {
    return this.found.size > 0;
  }

  /** Of the file as a whole. */
  add(problems: readonly Problem[]): void {
    for (const problem of problems) this.found.set(keyOf(problem), { problem, environments: null });
  }

  /** Of what an environment makes of the parts that all of them share; called once for each. */
  addOf(environment: string, problems: readonly Problem[]): void {
    this.judged += 1;
    for (const problem of problems) {
      const known = this.found.get(keyOf(problem));
      if (known) known.environments?.push(environment);
      else this.found.set(keyOf(problem), { problem, environments: [environment] });
    }
  }

  /** CONFIG_INVALID with a line for each, those of single environments under their names. */
  asError(): SafeguardError {
    const all = [...this.found.values()].map((found) => ({ ...found, heading: this.headingOf(found) }));
    const told = [
      ...all.filter(({ heading }) => heading === ''),
      ...all.filter(({ heading }) => heading !== ''),
    ];
    const groups = new Map<string, string[]>();
    for (const { problem, heading } of told.slice(0, MOST_PROBLEMS))
      groups.set(heading, [...(groups.get(heading) ?? []), described(this.source, problem)]);
    const lines = [...groups].flatMap(([heading, of]) => (heading === '' ? of : [heading, ...of]));
    return new SafeguardError('CONFIG_INVALID', [...lines, ...more(all.length - MOST_PROBLEMS)].join('\n'));
  }

  private headingOf({ environments }: Found): string {
    if (environments === null || environments.length === this.judged) return '';
    const others = environments.length - MOST_NAMES;
    const named = environments.slice(0, MOST_NAMES).join(', ');
    return `environment ${named}${others > 0 ? ` and ${others} more` : ''}:`;
  }
}

function keyOf({ path, at = path, text }: Problem): string {
  return JSON.stringify([at.map(String), text]);
}
