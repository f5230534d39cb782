import { z } from 'zod';

/** Name of an environment, a host, a component. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'expected lower-case letters, digits and dashes');
/** A TCP port. */
export const port = z.int().min(1).max(65_535);
/** A path on a web server, without a query. */
export const urlPath = z.string().regex(/^\/[A-Za-z0-9/._~-]*$/, 'expected a path such as /health');
/** Name of an environment variable. */
export const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'expected a name such as DATABASE_URL');
/** A text of one line. */
export const line = z.string().regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed');

/** Where a secret is to be found; its value never stands in the file. */
export const secretReference = z.union([z.strictObject({ env: variable }), z.strictObject({ file: line })], {
  error: 'expected a reference such as {env: DATABASE_PASSWORD} or {file: /run/secrets/db}',
});
