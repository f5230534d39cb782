import { resolve } from 'node:path';
import type { Check, CheckCategory, Severity } from '../domain/check.js';
import { secretHeadersFrom } from './guarded.js';
import type { OwnCheckSection } from './own-checks-schema.js';
import { fillPlaceholders, placeholdersIn, type Placeholders } from './placeholders.js';

/** Told of a check that can't be, by its place in the list. */
export type Refuse = (index: number, why: string) => void;

/** What each kind is about; what is outside only warns unless told otherwise (spec S10). */
const CATEGORIES: Readonly<Record<OwnCheckSection['kind'], CheckCategory>> = {
  http: 'external',
  tcp: 'external',
  tls: 'external',
  command: 'services',
  prometheus: 'services',
  container: 'services',
  'nginx-route': 'proxy',
};

function severityOf({ kind, severity }: OwnCheckSection): Severity {
  return severity ?? (CATEGORIES[kind] === 'external' ? 'warning' : 'critical');
}

function objectionTo(section: OwnCheckSection): string | null {
  const [open] = placeholdersIn(section);
  if (open !== undefined) return `{${open}} stands for nothing here`;
  if ('url' in section && !URL.canParse(section.url)) return 'what is filled into the URL makes it none';
  if ('url' in section && new URL(section.url).username !== '')
    return 'expected a URL without a login; secret_headers names where one is found';
  if (section.kind === 'container' && /[{}]/.test(section.container))
    return 'expected the name of a container';
  return null;
}

/** The list with its placeholders filled and its files found from `base`; `refuse` is told of each that can't be. */
export function resolvedOwnChecks(
  sections: readonly OwnCheckSection[],
  known: Placeholders,
  base: string,
  refuse: Refuse,
): OwnCheckSection[] {
  const open = new Set<number>();
  const filled = fillPlaceholders(sections, known, (path, placeholder) => {
    const index = Number(path[0]);
    open.add(index);
    refuse(index, `{${placeholder}} stands for nothing; known: ${Object.keys(known).join(', ')}`);
  }) as OwnCheckSection[];
  const names = new Set<string>();
  return filled.map((section, index) => {
    const objection = names.has(section.name) ? 'this name is there already' : objectionTo(section);
    if (objection !== null && !open.has(index)) refuse(index, objection);
    names.add(section.name);
    return withPathsFrom(base, section);
  });
}

function withPathsFrom(base: string, section: OwnCheckSection): OwnCheckSection {
  const ca = 'ca' in section && section.ca !== undefined ? { ca: resolve(base, section.ca) } : {};
  if (!('secret_headers' in section)) return { ...section, ...ca };
  return { ...section, ...ca, secret_headers: secretHeadersFrom(base, section) };
}

/** A check of one's own as a release has it. */
export function ownCheckOf(section: OwnCheckSection, attempts: number): Check {
  const base = {
    name: section.name,
    category: CATEGORIES[section.kind],
    severity: severityOf(section),
    attempts,
  };
  const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
    value === undefined ? {} : ({ [key]: value } as Record<K, V>);
  switch (section.kind) {
    case 'http': {
      const { url, status, headers, secret_headers: secretHeaders, contains, ca } = section;
      const asked = { kind: 'web', url, status, headers, secretHeaders } as const;
      return { ...base, ...asked, ...optional('contains', contains), ...optional('ca', ca) };
    }
    case 'tcp':
      return { ...base, kind: 'tcp', host: section.host, port: section.port };
    case 'tls': {
      const { host, port, days_left: daysLeft, ca } = section;
      return { ...base, kind: 'tls', host, port, daysLeft, ...optional('ca', ca) };
    }
    case 'command':
      return { ...base, kind: 'command', argv: section.run, ...optional('contains', section.contains) };
    case 'prometheus': {
      const { url, query, below, above, secret_headers: secretHeaders, ca } = section;
      return {
        ...base,
        kind: 'prometheus',
        url,
        query,
        secretHeaders,
        ...optional('ca', ca),
        ...optional('below', below),
        ...optional('above', above),
      };
    }
    case 'container': {
      const { engine, container, rootless } = section;
      return { ...base, kind: 'container', engine, container, ...(rootless && { rootless }) };
    }
    case 'nginx-route':
      return { ...base, kind: 'http', port: section.port, path: section.path, status: section.status };
  }
}
