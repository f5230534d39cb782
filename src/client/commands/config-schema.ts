import { configJsonSchema } from '../../config/json-schema.js';
import type { GlobalOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { configReference } from '../view/config-reference.js';

/** Options of `safeguard config schema`. */
export interface SchemaOptions extends GlobalOptions {
  readonly markdown?: boolean;
}

/** `safeguard config schema`: the form of `safeguard.yaml`; reads none and asks nobody. */
export function configSchema(terminal: Terminal, { markdown }: SchemaOptions): number {
  const schema = configJsonSchema();
  terminal.out(markdown ? configReference(schema) : JSON.stringify(schema, null, 2));
  return 0;
}
