/** As much of JSON Schema (draft 7) as `safeguard.yaml` takes. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  description?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** One key of `safeguard.yaml`. */
export interface SchemaKey {
  /**
   * Where it stands: `*` is a name of one's own, `[]` an item of a list, `[kind=…]` the kind that has it, such as
   * `components.*[kind=systemd].port`.
   */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** Keys whose values are laid over others, and described there. */
const LAID_OVER: readonly string[] = ['environments.*.components', 'environments.*.migrations'];

function inside(schema: JsonSchema, path: string): SchemaKey[] {
  const { properties = {}, required = [], additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const forms = anyOf.filter((variant) => variant.properties !== undefined).length;
  return [
    ...Object.entries(properties).flatMap(([name, value]): SchemaKey[] => {
      const key = path === '' ? name : `${path}.${name}`;
      const own = { path: key, schema: value, isRequired: required.includes(name) };
      return LAID_OVER.includes(key) ? [own] : [own, ...inside(value, key)];
    }),
    ...(typeof additionalProperties === 'object' ? inside(additionalProperties, `${path}.*`) : []),
    ...(items === undefined ? [] : inside(items, `${path}[]`)),
    // One of several forms of a value; none of them has to be.
    ...anyOf
      .flatMap((variant) => inside(variant, path))
      .map((key) => ({ ...key, isRequired: key.isRequired && forms < 2 })),
    ...oneOf.flatMap((variant) => inside(variant, `${path}[kind=${kindOf(variant)}]`)),
  ];
}

function kindOf({ properties }: JsonSchema): string {
  return properties?.['kind']?.const ?? '';
}

/** Every key of a schema, in its order. */
export function schemaKeys(schema: JsonSchema): SchemaKey[] {
  return inside(schema, '');
}
