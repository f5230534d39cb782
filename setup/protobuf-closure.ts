/** A node of protobufjs' JSON: a namespace, message, enumeration, service or extension. */
export interface Node {
  readonly nested?: Nodes;
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
  readonly methods?: Readonly<Record<string, Method>>;
}

/** Nodes of a scope by their names. */
export type Nodes = Readonly<Record<string, Node>>;

interface Method {
  readonly requestType: string;
  readonly responseType: string;
}

/**
 * The same with no other methods of a service (full name) than these.
 * @throws Error when the service, or one of its methods, is not there
 */
export function only(whole: Nodes, service: string, methods: ReadonlySet<string>): Nodes {
  const [first = '', ...rest] = service.split('.');
  const node = whole[first];
  if (node === undefined) throw new Error(`${service} is not in the protobuf module of the SDK.`);
  if (rest.length > 0)
    return { ...whole, [first]: { ...node, nested: only(node.nested ?? {}, rest.join('.'), methods) } };
  const kept = [...methods].map((name) => {
    const method = node.methods?.[name];
    if (method === undefined) throw new Error(`${service} has no method ${name}.`);
    return [name, method] as const;
  });
  return { ...whole, [first]: { ...node, methods: Object.fromEntries(kept) } };
}

/**
 * The nodes that `roots` (full names) hold or reach by fields and methods, and all that are neither message nor service.
 * @throws Error when a root is not there
 */
export function pruned(whole: Nodes, roots: readonly string[]): Nodes {
  const all = new Map<string, Node>();
  list(whole, '', all);
  const kept = new Set<string>();
  const waiting = [...roots];
  for (const root of roots) {
    if (!all.has(root)) throw new Error(`${root} is not in the protobuf module of the SDK.`);
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.has(name)) continue;
    kept.add(name);
    const node = all.get(name);
    waiting.push(...Object.keys(node?.nested ?? {}).map((inner) => `${name}.${inner}`));
    waiting.push(...typesOf(node).flatMap((type) => resolve(type, name, all) ?? []));
  }
  return without(whole, '', kept);
}

function list(nodes: Nodes, prefix: string, into: Map<string, Node>): void {
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

function without(nodes: Nodes, prefix: string, kept: ReadonlySet<string>): Nodes {
  const left: Record<string, Node> = {};
  for (const [name, node] of Object.entries(nodes)) {
    const full = prefix + name;
    const isNamed = node.fields !== undefined || node.methods !== undefined;
    if (isNamed && !kept.has(full) && !holdsKept(full, kept)) continue;
    left[name] = node.nested ? { ...node, nested: without(node.nested, `${full}.`, kept) } : node;
  }
  return left;
}

function holdsKept(full: string, kept: ReadonlySet<string>): boolean {
  return [...kept].some((name) => name.startsWith(`${full}.`));
}
