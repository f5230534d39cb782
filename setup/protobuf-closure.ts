/** A node of protobufjs' JSON: a namespace, message, enum, service or extension. */
export interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, { readonly type: string; readonly keyType?: string }>>;
  readonly methods?: Readonly<
    Record<string, { readonly requestType: string; readonly responseType: string }>
  >;
}

/**
 * The nodes that `roots` (full names) reach by their fields and methods, and all that are neither message nor service.
 * Throws an Error when a root is not there.
 */
export function pruned(
  whole: Readonly<Record<string, Node>>,
  roots: readonly string[],
): Record<string, Node> {
  const all = new Map<string, Node>();
  list(whole, '', all);
  const kept = new Set<string>();
  const waiting: string[] = [];
  for (const root of roots) {
    if (!all.has(root)) throw new Error(`${root} is not in the protobuf module of the SDK.`);
    waiting.push(root);
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.has(name)) continue;
    kept.add(name);
    const node = all.get(name);
    for (const inner of Object.keys(node?.nested ?? {})) waiting.push(`${name}.${inner}`);
    for (const type of typesOf(node)) {
      const found = resolve(type, name, all);
      if (found !== undefined) waiting.push(found);
    }
  }
  return without(whole, '', kept);
}

function list(nodes: Readonly<Record<string, Node>>, prefix: string, into: Map<string, Node>): void {
  for (const [name, node] of Object.entries(nodes)) {
    into.set(prefix + name, node);
    list(node.nested ?? {}, `${prefix}${name}.`, into);
  }
}

function typesOf(node: Node | undefined): string[] {
  const methods = Object.values(node?.methods ?? {});
  return [
    ...Object.values(node?.fields ?? {}).map(({ type }) => type),
    ...methods.flatMap(({ requestType, responseType }) => [requestType, responseType]),
  ];
}

/** As protobuf resolves a name: from the innermost scope outwards; undefined for scalars. */
function resolve(type: string, scope: string, all: ReadonlyMap<string, Node>): string | undefined {
  for (let at = scope; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (all.has(`${at}.${type}`)) return `${at}.${type}`;
  }
  const absolute = type.replace(/^\./, '');
  return all.has(absolute) ? absolute : undefined;
}

function without(
  nodes: Readonly<Record<string, Node>>,
  prefix: string,
  kept: ReadonlySet<string>,
): Record<string, Node> {
  const left: Record<string, Node> = {};
  for (const [name, node] of Object.entries(nodes)) {
    const full = prefix + name;
    const prunable = node.fields !== undefined || node.methods !== undefined;
    if (prunable && !kept.has(full) && !holdsKept(full, kept)) continue;
    left[name] =
      node.nested === undefined ? node : { ...node, nested: without(node.nested, `${full}.`, kept) };
  }
  return left;
}

function holdsKept(full: string, kept: ReadonlySet<string>): boolean {
  return [...kept].some((name) => name.startsWith(`${full}.`));
}
