import { isNode, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { SafeguardError } from '../domain/errors.js';

type Path = readonly PropertyKey[];

/** Problems that are told at once: nobody mends more, and each has to be looked up in the file. */
const MOST_PROBLEMS = 20;
/** Characters of a path that are shown; a key may be as long as the file. */
const LONGEST_PATH = 200;

/** Where a text is no YAML of ours, and what is wrong there. */
interface Objection {
  /** Characters from the text's beginning. */
  readonly at: number;
  readonly sentence: string;
}

/** `prettyErrors` would copy a piece of the text for each of a thousand errors, `uniqueKeys` compares every key with every other. */
const OPTIONS = { prettyErrors: false, uniqueKeys: false } as const;

function objectionTo(document: Document): Objection | null {
  const [first] = document.errors;
  if (!first) return repeatedKey(document);
  const isTooDeep = first.message.includes('call stack');
  return { at: first.pos[0], sentence: isTooDeep ? TOO_DEEP : first.message };
}

const TOO_DEEP = 'is nested too deeply';

function repeatedKey(document: Document): Objection | null {
  let found: Objection | null = null;
  visit(document, {
    Map: (_key, map) => {
      found ??= repeatedIn(map);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function repeatedIn(map: YAMLMap): Objection | null {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value))
      return {
        at: key.range?.[0] ?? 0,
        sentence: `Map keys must be unique; ${String(key.value).slice(0, 60)} is there twice`,
      };
    seen.add(key.value);
  }
  return null;
}

/** A YAML file that can say where in it something stands. */
export class ConfigSource {
  private readonly lines = new LineCounter();
  private readonly document: Document;

  /** @throws SafeguardError CONFIG_INVALID when the text is no YAML (anchors that multiply without end included) */
  constructor(
    readonly file: string,
    text: string,
  ) {
    this.document = this.guarded(() => parseDocument(text, { ...OPTIONS, lineCounter: this.lines }));
    const objection = this.guarded(() => objectionTo(this.document));
    if (!objection) return;
    const { line, col } = this.lines.linePos(objection.at);
    throw new SafeguardError('CONFIG_INVALID', `${file}:${line}:${col} ${objection.sentence}`);
  }

  /** The plain value. */
  value(): unknown {
    return this.guarded((): unknown => this.document.toJS({ maxAliasCount: 100 }));
  }

  /** Lists in lists that nobody writes exhaust the parser's stack, and anchors that multiply its patience. */
  private guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const text = cause instanceof RangeError ? TOO_DEEP : (cause as Error).message;
      throw new SafeguardError('CONFIG_INVALID', `${this.file}: ${text}`, { cause });
    }
  }

  /** `file:line:column` of the nearest place to `path` that the file really has. */
  place(path: Path): string {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = depth === 0 ? this.document.contents : this.document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) {
        const { line, col } = this.lines.linePos(node.range[0]);
        return `${this.file}:${line}:${col}`;
      }
    }
    return this.file;
  }

  /** True when the file itself has a value at `path`. */
  has(path: Path): boolean {
    return this.document.hasIn(path);
  }
}

/** One line a problem: `safeguard.yaml:12:9 components.backend.port: expected number, received string`. */
export function describeIssues(
  source: ConfigSource,
  error: z.ZodError,
  locate: (path: Path) => Path = (path) => path,
): string {
  const problems = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], text: 'is no key that is known here' }))
      : [{ path: issue.path, text: sentence(issue) }],
  );
  const told = problems
    .slice(0, MOST_PROBLEMS)
    .map(({ path, text }) => `${source.place(locate(path))} ${shownPath(path)}: ${text}`);
  const more = problems.length - told.length;
  return [...told, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
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
    .replace(/^(expected .*), received undefined$/, 'is missing; $1');
}
