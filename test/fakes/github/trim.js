/**
 * Makes `description.json`, what of GitHub's own OpenAPI description the fake GitHub needs:
 *
 *   npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
 *   node test/fakes/github/trim.js package/generated/api.github.com.json
 *
 * GitHub Enterprise has the same paths below /api/v3.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PATHS = [
  '/repos/{owner}/{repo}',
  '/repos/{owner}/{repo}/git/ref/{ref}',
  '/repos/{owner}/{repo}/git/tags/{tag_sha}',
  '/repos/{owner}/{repo}/branches/{branch}',
  '/repos/{owner}/{repo}/rules/branches/{branch}',
  '/repos/{owner}/{repo}/compare/{basehead}',
  '/repos/{owner}/{repo}/commits/{ref}',
  '/repos/{owner}/{repo}/commits/{ref}/check-runs',
  '/repos/{owner}/{repo}/commits/{ref}/status',
];

/** Rules that the fake knows; GitHub has some twenty more. */
const RULES = ['repository-rule-required-status-checks', 'repository-rule-deletion'];

/** Media types that are asked for. */
const TYPES = ['application/json', 'application/vnd.github.sha'];

/** Words for people. A property may have such a name too: there its value is an object. */
const WORDS = ['description', 'summary', 'title', 'externalDocs', 'tags', 'example', 'deprecated'];

const [file] = process.argv.slice(2);
const full = JSON.parse(readFileSync(file ?? '', 'utf8'));

function isWord(key, value, parent) {
  if (key.startsWith('x-')) return true;
  // The description of a response is required, and short.
  if (key === 'description' && 'content' in parent) return false;
  return WORDS.includes(key) && (typeof value !== 'object' || Array.isArray(value) || key === 'externalDocs');
}

function withoutWords(node) {
  if (Array.isArray(node)) return node.map(withoutWords);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node)
    .filter(([key, value]) => key !== 'examples' && !isWord(key, value, node))
    .map(([key, value]) => [key, withoutWords(value)]);
  const trimmed = Object.fromEntries(kept);
  // Validators refuse `nullable` where no type says what else it may be.
  if ('nullable' in trimmed && !('type' in trimmed)) delete trimmed.nullable;
  // ... and null where it is none of the values.
  if (trimmed.nullable && Array.isArray(trimmed.enum)) trimmed.enum = [...new Set([...trimmed.enum, null])];
  return trimmed;
}

/** Parts of GitHub's examples that may be left out, and are long. */
const LONG = ['parent', 'source', 'template_repository', 'organization', 'files', 'commits'];

/** GitHub's own example of an answer: what the fake lays its own values over. */
function exampleOf({ examples }) {
  const [first] = Object.values(examples);
  const { value } = first.$ref ? full.components.examples[first.$ref.split('/').at(-1)] : first;
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const short = Object.entries(value).map(([key, of]) =>
    LONG.includes(key) ? [key, Array.isArray(of) ? [] : undefined] : [key, of],
  );
  return Object.fromEntries(short);
}

function operation({ operationId, parameters, responses }) {
  const ok = responses['200'];
  const content = Object.entries(ok.content)
    .filter(([type]) => TYPES.includes(type))
    .map(([type, media]) => [type, { schema: withoutWords(media.schema), example: exampleOf(media) }]);
  return {
    operationId,
    parameters: withoutWords(parameters),
    responses: { 200: { description: ok.description, content: Object.fromEntries(content) } },
  };
}

const kept = { schemas: {}, parameters: {} };

/** Takes over whatever a part refers to, and what that refers to. */
function follow(node) {
  if (typeof node !== 'object' || node === null) return;
  const [, , kind, name] = typeof node.$ref === 'string' ? node.$ref.split('/') : [];
  if (kind !== undefined && kept[kind][name] === undefined) {
    let part = withoutWords(full.components[kind][name]);
    if (name === 'repository-rule-detailed')
      part = { oneOf: part.oneOf.filter((rule) => RULES.includes(rule.allOf[0].$ref.split('/').at(-1))) };
    kept[kind][name] = part;
    follow(part);
  }
  for (const value of Object.values(node)) follow(value);
}

const paths = Object.fromEntries(PATHS.map((path) => [path, { get: operation(full.paths[path].get) }]));
follow(paths);
const { openapi, info } = full;
const description = {
  openapi,
  info: { title: info.title, version: info.version, license: info.license },
  paths,
  components: kept,
};
writeFileSync(join(import.meta.dirname, 'description.json'), `${JSON.stringify(description)}\n`);
