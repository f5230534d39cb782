import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
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
    if (first) throw new SafeguardError('CONFIG_INVALID', `${file}: ${first.message}`, { cause: first });
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
    .map(
      (issue) => `${source.place(locate(issue.path))} ${issue.path.join('.') || 'file'}: ${sentence(issue)}`,
    )
    .join('\n');
}

function sentence(issue: z.core.$ZodIssue): string {
  const text = issue.message.replace(/^Invalid (input|string|key in record)(: |$)/, '');
  return issue.code === 'unrecognized_keys'
    ? `unknown ${issue.keys.length > 1 ? 'keys' : 'key'} ${issue.keys.join(', ')}`
    : text || issue.message;
}
