import { z } from 'zod';
import { DESCRIPTIONS } from './descriptions.js';
import { inWords } from './policy-keys.js';
import { applicationSchema, configSchema } from './schema.js';
import { schemaKeys, type JsonSchema } from './schema-keys.js';

/** Editors that know nothing else of it show this. */
const TITLE = 'safeguard.yaml';

function generated(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    // A span of time is a text in the file and a number after it; its default is only known as that.
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'default' && jsonSchema.type === 'string' && typeof def.defaultValue === 'number')
        jsonSchema.default = inWords(def.defaultValue);
    },
  }) as JsonSchema;
  return throughout(made, portable);
}

function without(schema: JsonSchema, keys: readonly (keyof JsonSchema)[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.some((other) => other === key)));
}

/** What every validator understands: not all take patterns for those of Unicode, and formats of zod's own are unknown to all. */
function portable(schema: JsonSchema): JsonSchema {
  const { pattern } = schema;
  const plain = without(schema, ['format']);
  const control = '\\u0000-\\u001f\\u007f-\\u009f';
  return pattern === undefined ? plain : { ...plain, pattern: pattern.replaceAll('\\p{Cc}', control) };
}

/** Carries out `change` on a schema and on all inside it, the innermost first; names of keys stay as they are. */
function throughout(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const inner = (value: JsonSchema): JsonSchema => throughout(value, change);
  const { properties, additionalProperties, items, anyOf, oneOf, allOf } = schema;
  return change({
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, inner(value)])),
    }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: inner(additionalProperties) }),
    ...(items && { items: inner(items) }),
    ...(anyOf && { anyOf: anyOf.map(inner) }),
    ...(oneOf && { oneOf: oneOf.map(inner) }),
    ...(allOf && { allOf: allOf.map(inner) }),
  });
}

/** Components and migrations are judged after their placeholders were filled; `{vars.port}` may stand for any text or number. */
function withPlaceholders(schema: JsonSchema): JsonSchema {
  const { pattern, type } = schema;
  if (pattern !== undefined) return { ...schema, pattern: `${pattern}|\\{[a-z]` };
  if (type !== 'integer') return schema;
  const { default: usual, ...number } = schema;
  const whole = { type: 'string', pattern: '^\\{vars\\.[a-z0-9_]+\\}$' };
  return { anyOf: [number, whole], ...(usual === undefined ? {} : { default: usual }) };
}

/** What an environment lays over may name any part of it. */
function partial(schema: JsonSchema): JsonSchema {
  const { oneOf } = schema;
  const part = without(schema, ['required', 'default', 'oneOf']);
  return oneOf === undefined ? part : { ...part, anyOf: oneOf };
}

/** The form of the whole file, without what environments lay over it. */
function fileSchema(): JsonSchema {
  const application = throughout(generated(applicationSchema), withPlaceholders);
  const { $schema, properties, ...file } = generated(configSchema);
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: TITLE,
    ...file,
    properties: { ...properties, ...application.properties },
  };
}

function describe(whole: JsonSchema): void {
  for (const { path, schema } of schemaKeys(whole)) {
    const description = DESCRIPTIONS[path];
    if (description !== undefined) schema.description = description;
  }
}

/** A part of the application as an environment may lay it over the common one, explained as that is. */
function laidOver(part: JsonSchema | undefined, place: JsonSchema | undefined): JsonSchema {
  const form = throughout(part ?? {}, partial);
  return place?.description === undefined ? form : { ...form, description: place.description };
}

/** The form of `safeguard.yaml` as JSON Schema, draft 7, for editors; the file itself is judged by more than its form. */
export function configJsonSchema(): JsonSchema {
  const file = fileSchema();
  describe(file);
  const { components, migrations, environments = {} } = file.properties ?? {};
  const each = environments.additionalProperties as JsonSchema;
  const overlays = {
    components: laidOver(components, each.properties?.['components']),
    migrations: laidOver(migrations, each.properties?.['migrations']),
  };
  const properties = { ...each.properties, ...overlays };
  return {
    ...file,
    properties: {
      ...file.properties,
      environments: { ...environments, additionalProperties: { ...each, properties } },
    },
  };
}
