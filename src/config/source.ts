import { isNode, LineCounter, parseDocument, type Document, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { SafeguardError } from '../domain/errors.js';

type Path = readonly PropertyKey[];

/** A YAML file that can say where in it something stands. */
export class ConfigSource {
  private readonly lines = new LineCounter();
  private readonly document: Document;

  /** @throws SafeguardError CONFIG_INVALID when the text is no YAML (anchors that multiply without end included) */
  constructor(
    readonly file: string,
    text: string,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, uniqueKeys: true });
    const [first] = this.document.errors;
    if (first) throw new SafeguardError('CONFIG_INVALID', this.syntaxError(first), { cause: first });
  }

  /** The plain value. */
  value(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      throw new SafeguardError('CONFIG_INVALID', `${this.file}: ${(cause as Error).message}`, { cause });
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

  private syntaxError({ pos, message }: Pick<YAMLParseError, 'pos' | 'message'>): string {
    const { line, col } = this.lines.linePos(pos[0]);
    const [sentence = ''] = message.split(/ at line \d+/);
    return `${this.file}:${line}:${col} ${sentence}`;
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
  return error.issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ path: [...issue.path, key], text: 'is no key that is known here' }))
        : [{ path: issue.path, text: sentence(issue) }],
    )
    .map(({ path, text }) => `${source.place(locate(path))} ${path.join('.') || 'file'}: ${text}`)
    .join('\n');
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
