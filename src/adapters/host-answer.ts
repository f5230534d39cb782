import { z } from 'zod';
import {
  HOST_ERROR_CODES,
  type ChangeResult,
  type ForensicsResult,
  type HostInspection,
} from '../domain/host-protocol.js';
import type { Manifest } from '../domain/manifest.js';

const token = z.object({
  incarnation: z.string(),
  epoch: z.int(),
  run: z.string(),
  step: z.int(),
  try: z.int(),
  attempt: z.int(),
});

const state = z.object({
  current_version: z.string(),
  previous_version: z.string().nullable(),
  last_deploy_timestamp: z.string(),
  deploy_start: z.string(),
  deploy_runner: z.string(),
  deployed_by: z.string(),
  deployment_id: z.string(),
  git_sha: z.string().nullable(),
});

const component = z.object({
  kind: z.enum(['systemd', 'static']),
  digest: z.string().nullable(),
  version: z.string().nullable(),
  state: z.string(),
  restarts: z.int(),
  differences: z.array(z.string()),
});

const system = z.object({
  uptime: z.number(),
  load: z.tuple([z.number(), z.number(), z.number()]),
  cores: z.int(),
  memory: z.number(),
  disk: z.record(z.string(), z.number()),
});

/** Answer to `inspect`, checked; `HostInspection` in src/domain/host-protocol.ts says what it means. */
export const hostInspection = z.object({
  protocol: z.int(),
  hostname: z.string(),
  time: z.string(),
  token: token.nullable(),
  committed: z.string().nullable(),
  committedVersion: z.string().nullable(),
  intent: z.object({ run: z.string(), digest: z.string().nullable(), prepared: z.boolean() }).nullable(),
  withheld: z.string().nullable(),
  lapsed: z.object({ run: z.string(), time: z.string() }).nullable(),
  releases: z.array(z.object({ digest: z.string(), version: z.string() })),
  components: z.record(z.string(), component),
  state: state.nullable(),
  system,
  manifests: z
    .record(
      z.string(),
      z.custom<Manifest>((value) => typeof value === 'object'),
    )
    .exactOptional(),
}) satisfies z.ZodType<HostInspection>;

/** Answer to every operation that changes something, checked. */
export const changeResult = z.object({
  changed: z.boolean(),
  downtimeMs: z.number().exactOptional(),
  would: z.array(z.string()).exactOptional(),
}) satisfies z.ZodType<ChangeResult>;

/** Answer to `forensics`, checked. */
export const forensicsResult = z.object({
  ...changeResult.shape,
  directory: z.string(),
  files: z.record(z.string(), z.string()),
}) satisfies z.ZodType<ForensicsResult>;

/** One line of `safeguard-host`; what a result holds is checked by the schema of the operation. */
export const hostLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), text: z.string(), bytes: z.number().exactOptional() }),
  z.object({ type: z.literal('result'), result: z.unknown() }),
  z.object({ type: z.literal('error'), code: z.enum(HOST_ERROR_CODES), message: z.string() }),
]);

/** A `progress` line. */
export interface HostProgress {
  readonly text: string;
  readonly bytes?: number;
}

type Ending = Exclude<z.infer<typeof hostLine>, { type: 'progress' }>;

/** Takes the lines of one answer as they come and keeps what they amount to. */
export class HostAnswer {
  readonly #onProgress: (progress: HostProgress) => void;
  /** The `result` or `error` line, once there. */
  ending: Ending | undefined;
  /** The first line that is not of the protocol, cut; `undefined` while all is well. */
  garbage: string | undefined;

  constructor(onProgress: (progress: HostProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Takes one line. */
  add(line: string): void {
    const parsed = hostLine.safeParse(parseJson(line));
    if (!parsed.success || this.ending) this.garbage ??= line.slice(0, 200);
    else if (parsed.data.type === 'progress') this.#onProgress(parsed.data);
    else this.ending = parsed.data;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // `undefined` is no line of the protocol: the caller reports the text itself.
    return undefined;
  }
}
