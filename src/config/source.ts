import { isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLMap, YAMLParseError } from 'yaml';
import { SafeguardError } from '../domain/errors.js';

/** Keys that lead to a value, from the file's beginning. */
export type Path = readonly PropertyKey[];

/** Problems that are told at once: nobody mends more, and each has to be looked up in the file. */
export const MOST_PROBLEMS = 20;

/** Where a text is no YAML of ours, and what is wrong there. */
interface Objection {
  /** Characters from the text's beginning. */
  readonly at: number;
  readonly sentence: string;
}

/** `prettyErrors` would copy a piece of the text for each of a thousand errors, `uniqueKeys` compares every key with every other. */
const OPTIONS = { prettyErrors: false, uniqueKeys: false } as const;

/** What is wrong first; of keys that are there twice each, since one does not follow from another. */
function objectionsTo(document: Document): Objection[] {
  const [first] = document.errors;
  if (!first) return repeatedKeys(document);
  return [{ at: first.pos[0], sentence: sentenceOf(first) }];
}

const TOO_DEEP = 'is nested too deeply';

function sentenceOf({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; expected one in the file';
  return message.includes('call stack') ? TOO_DEEP : message;
}

function repeatedKeys(document: Document): Objection[] {
  const found: Objection[] = [];
  visit(document, {
    Map: (_key, map) => {
      found.push(...repeatedIn(map).slice(0, MOST_PROBLEMS));
      return found.length < MOST_PROBLEMS ? undefined : visit.BREAK;
    },
  });
  return found.slice(0, MOST_PROBLEMS);
}

function repeatedIn(map: YAMLMap): Objection[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    const isFirst = !seen.has(key.value);
    seen.add(key.value);
    if (isFirst) return [];
    const shown = String(key.value).slice(0, 60);
    return [{ at: key.range?.[0] ?? 0, sentence: `Map keys must be unique; ${shown} is there twice` }];
  });
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
    const objections = this.guarded(() => objectionsTo(this.document));
    if (objections.length === 0) return;
    const told = objections.map(({ at, sentence }) => {
      const { line, col } = this.lines.linePos(at);
      return `${file}:${line}:${col} ${sentence}`;
    });
    throw new SafeguardError('CONFIG_INVALID', told.join('\n'));
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
