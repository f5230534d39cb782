import { DURATION } from '../../domain/duration.js';
import { effectiveIntentions, POLICIES } from '../../config/policies.js';
import { policyLines } from '../../config/policy-keys.js';
import { environmentSection } from '../../config/schema.js';
import { schemaKeys, type JsonSchema, type SchemaKey } from '../../config/schema-keys.js';

const INTRODUCTION = `# Configuration reference

Every key of \`safeguard.yaml\`, as this version knows it. Unknown keys are refused. \`safeguard config check\` judges a file, and names line and
column of each mistake, save those that can't be judged before another is mended; \`safeguard policy show <environment>\` shows the values in
force and where each comes from.

Made by \`safeguard config schema --markdown\`; a test holds it to the code. How to write a first file:
[bring your own application](bring-your-own-application.md).

In a path, \`*\` is a name of your own and \`[]\` an item of a list. A duration is a whole number from 1 to
999999 and \`s\`, \`m\`, \`h\` or \`d\`: \`30s\`, \`10m\`. Paths of files are seen from the folder of \`safeguard.yaml\`.

## In your editor

The same as JSON Schema (draft 7) is [safeguard.schema.json](safeguard.schema.json); \`safeguard config schema\` prints that of your version. Visual
Studio Code, with the extension YAML of Red Hat, and every other editor with yaml-language-server, completes keys, explains them and
underlines mistakes when the file begins with

\`\`\`yaml
# yaml-language-server: $schema=<checkout>/docs/safeguard.schema.json
\`\`\`

or, for all files of that name, when \`settings.json\` has

\`\`\`json
{ "yaml.schemas": { "<checkout>/docs/safeguard.schema.json": "safeguard.yaml" } }
\`\`\`

The schema knows the form only. What follows from several keys (routes to components, who may approve, days that don't exist) is
judged by \`safeguard config check\`.`;

const SECTIONS: readonly (readonly [title: string, isIn: (path: string) => boolean])[] = [
  ['Application', (path) => /^(application|release|records|cache|components$)/.test(path)],
  ['Components of kind systemd', (path) => path.startsWith('components.*[kind=systemd].')],
  ['Components of kind static', (path) => path.startsWith('components.*[kind=static].')],
  ['Migrations', (path) => path.startsWith('migrations')],
  ['Environments', (path) => path.startsWith('environments')],
  ['GitHub', (path) => path.startsWith('github')],
  ['Audit trail', (path) => path.startsWith('audit')],
];

/** The form of a value in a word or two; never longer than a cell can hold. */
function form(schema: JsonSchema): string {
  const { type, anyOf, pattern = '', items, minimum, maximum } = schema;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (anyOf) return [...new Set(anyOf.map(form))].join(' or ');
  if (type === 'null') return '`null`';
  if (pattern.startsWith(DURATION.source)) return 'duration';
  if (pattern.startsWith('^\\{')) return '`{vars.…}`';
  if (type === 'array') return `list of ${items ? form(items) : 'anything'}`;
  if (type === 'integer' && minimum !== undefined && maximum !== undefined)
    return maximum < Number.MAX_SAFE_INTEGER ? `${minimum} to ${maximum}` : `${minimum} or more`;
  return { object: 'map', string: 'text', boolean: '`true`, `false`' }[type ?? ''] ?? type ?? 'map';
}

function fallback({ schema, isRequired }: SchemaKey): string {
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1')}\``;
  return isRequired ? '**required**' : '';
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function keyTable(keys: readonly SchemaKey[]): string[] {
  const rows = keys.map((key) => [
    `\`${key.path.replace(/\[kind=\w+\]/, '')}\``,
    form(key.schema),
    fallback(key),
    key.schema.description ?? '',
  ]);
  return [row(['key', 'value', 'default', 'meaning']), row(['---', '---', '---', '---']), ...rows.map(row)];
}

function presetTable(): string[] {
  const presets = Object.entries(POLICIES).map(([preset, policy]) => {
    const section = environmentSection.parse({
      policy: preset,
      hosts: { any: 'any' },
      ssh: { user: 'any', key: 'any', known_hosts: 'any' },
    });
    return policyLines(preset, policy, effectiveIntentions(section), () => null);
  });
  const [first = []] = presets;
  const rows = first
    .slice(1)
    .map(({ key }, index) => [`\`${key}\``, ...presets.map((lines) => shown(lines[index + 1]?.value))]);
  const heads = ['key', ...Object.keys(POLICIES).map((name) => `\`${name}\``)];
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row)];
}

function shown(value: unknown): string {
  const isEmpty = value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  if (isEmpty) return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** Every key of `safeguard.yaml` as a page of Markdown. */
export function configReference(schema: JsonSchema): string {
  const keys = schemaKeys(schema);
  const sections = SECTIONS.flatMap(([title, isIn]) => [
    '',
    `## ${title}`,
    '',
    ...keyTable(keys.filter(({ path }) => isIn(path))),
  ]);
  const presets = [
    '',
    '## What the policies say',
    '',
    'Below an environment; what the file says goes before it.',
    '',
  ];
  return [INTRODUCTION, ...sections, ...presets, ...presetTable()].join('\n');
}
