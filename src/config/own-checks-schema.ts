import { z } from 'zod';
import { CONTAINER_ENGINES } from '../domain/host-protocol.js';
import { guarded, headerName } from './guarded.js';
import { line, port, urlPath } from './schema-parts.js';

const base = {
  /** For people; unique among these. */
  name: line.min(1).max(80),
  severity: z.enum(['critical', 'warning', 'info']).optional(),
};
/** May have placeholders; what they make of it is judged once they are filled. */
const url = line.regex(/^https?:\/\/./, 'expected a URL').max(2000);
const status = z.int().min(100).max(599).default(200);
const containerName = z
  .string()
  .regex(/^[A-Za-z0-9{][A-Za-z0-9_.{}-]*$/, 'expected the name of a container such as campus-search');

const http = z.strictObject({
  kind: z.literal('http'),
  ...base,
  url,
  status,
  contains: line.min(1).optional(),
  headers: z.record(headerName, line).default({}),
  ...guarded,
});
const tcp = z.strictObject({ kind: z.literal('tcp'), ...base, host: line.min(1), port });
const tls = z.strictObject({
  kind: z.literal('tls'),
  ...base,
  host: line.min(1),
  port: port.default(443),
  days_left: z.int().min(0).max(3650).default(14),
  ca: line.min(1).optional(),
});
const command = z.strictObject({
  kind: z.literal('command'),
  ...base,
  run: z.array(line.min(1)).min(1).max(100),
  contains: line.min(1).optional(),
});
const prometheus = z
  .strictObject({
    kind: z.literal('prometheus'),
    ...base,
    url,
    ...guarded,
    query: z.string().min(1).max(10_000),
    below: z.number().optional(),
    above: z.number().optional(),
  })
  .refine(({ below, above }) => below !== undefined || above !== undefined, 'expected below, above, or both');
const container = z.strictObject({
  kind: z.literal('container'),
  ...base,
  engine: z.enum(CONTAINER_ENGINES),
  container: containerName,
  rootless: z.boolean().default(false),
});
const nginxRoute = z.strictObject({
  kind: z.literal('nginx-route'),
  ...base,
  port: port.default(80),
  path: urlPath,
  status,
});

/** Said of a wrong or missing `kind`. */
const KIND = 'expected a map with kind: http, tcp, tls, command, prometheus, container or nginx-route';

/** A health check of one's own, as `safeguard.yaml` has it. */
export const ownCheck = z.discriminatedUnion(
  'kind',
  [http, tcp, tls, command, prometheus, container, nginxRoute],
  { error: KIND },
);
export type OwnCheckSection = z.output<typeof ownCheck>;
