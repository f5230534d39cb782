import { z } from 'zod';
import {
  HOST_ERROR_CODES,
  type ChangeResult,
  type EngineAnswer,
  type ForensicsResult,
  type HostInspection,
} from '../domain/host-protocol.js';
import type { Manifest } from '../domain/manifest.js';

/** Characters of one word or sentence of a host. They end up in histories and records, which have limits of their own. */
const LONGEST_TEXT = 2_000;
/** Sentences in one list; a host cuts its own at a few. */
const LONGEST_LIST = 1_000;
/** A run has to use an epoch above every host's: one that nobody could count on from is not of the protocol. */
const HIGHEST_EPOCH = 1e12;
/** Objects and lists within each other in one line; a manifest has six. */
const DEEPEST = 64;
/** Characters of a progress line's text that are shown, and sent with a heartbeat. */
const SHOWN_PROGRESS = 500;

const text = z.string().max(LONGEST_TEXT);

const token = z.object({
  incarnation: text,
  epoch: z.int().max(HIGHEST_EPOCH),
  run: text,
  step: z.int(),
  try: z.int(),
  attempt: z.int(),
});

const state = z.object({
  current_version: text,
  previous_version: text.nullable(),
  last_deploy_timestamp: text,
  deploy_start: text,
  deploy_runner: text,
  deployed_by: text,
  deployment_id: text,
  git_sha: text.nullable(),
});

const component = z.object({
  kind: z.enum(['systemd', 'static']),
  digest: text.nullable(),
  version: text.nullable(),
  state: text,
  restarts: z.int(),
  differences: z.array(text).max(LONGEST_LIST),
});

const system = z.object({
  uptime: z.number(),
  load: z.tuple([z.number(), z.number(), z.number()]),
  cores: z.int(),
  memory: z.number(),
  disk: z.record(text, z.number()),
  free: z.number().exactOptional(),
});

/** Answer to `inspect`, checked; `HostInspection` in src/domain/host-protocol.ts says what it means. */
export const hostInspection = z.object({
  protocol: z.int(),
  hostname: text,
  time: text,
  token: token.nullable(),
  committed: text.nullable(),
  committedVersion: text.nullable(),
  intent: z.object({ run: text, digest: text.nullable(), prepared: z.boolean() }).nullable(),
  withheld: text.nullable(),
  lapsed: z.object({ run: text, time: text }).nullable(),
  releases: z.array(z.object({ digest: text, version: text })),
  components: z.record(text, component),
  state: state.nullable(),
  system,
  manifests: z
    .record(
      text,
      z.custom<Manifest>((value) => typeof value === 'object'),
    )
    .exactOptional(),
}) satisfies z.ZodType<HostInspection>;

/** Answer to `engine`, checked. */
export const engineAnswer = z.object({
  status: z.int(),
  output: text,
  errors: text,
}) satisfies z.ZodType<EngineAnswer>;

/** Answer to every operation that changes something, checked. */
export const changeResult = z.object({
  changed: z.boolean(),
  downtimeMs: z.number().exactOptional(),
  would: z.array(text).max(LONGEST_LIST).exactOptional(),
}) satisfies z.ZodType<ChangeResult>;

/** Answer to `forensics`, checked. */
export const forensicsResult = z.object({
  ...changeResult.shape,
  directory: text,
  files: z.record(z.string(), z.string()),
}) satisfies z.ZodType<ForensicsResult>;

/** One line of `safeguard-host`; what a result holds is checked by the schema of the operation. */
export const hostLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    text: z.string().transform((said) => shortened(said, SHOWN_PROGRESS)),
    bytes: z.number().exactOptional(),
  }),
  z.object({ type: z.literal('result'), result: z.unknown() }),
  z.object({
    type: z.literal('error'),
    code: z.enum(HOST_ERROR_CODES),
    message: z.string().transform((message) => shortened(message, LONGEST_TEXT)),
  }),
]);

/** Lines that are not of the protocol, of which one is told; after so many none is read any more: each costs an exception. */
const MOST_STRANGE = 100;

/** A `progress` line. */
export interface HostProgress {
  readonly text: string;
  readonly bytes?: number;
}

type Ending = Exclude<z.infer<typeof hostLine>, { type: 'progress' }>;

/** Takes the lines of one answer as they come and keeps what they amount to. */
export class HostAnswer {
  readonly #onProgress: (progress: HostProgress) => void;
  #strange = 0;
  /** The `result` or `error` line, once there. */
  ending: Ending | undefined;
  /** The first line that is not of the protocol, cut; `undefined` while all is well. */
  garbage: string | undefined;

  constructor(onProgress: (progress: HostProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Takes one line. */
  add(line: string): void {
    if (this.#strange >= MOST_STRANGE) return;
    const parsed = hostLine.safeParse(parseJson(line));
    if (!parsed.success || this.ending) {
      this.#strange += 1;
      this.garbage ??= line.slice(0, 200);
    } else if (parsed.data.type === 'progress') this.#onProgress(parsed.data);
    else this.ending = parsed.data;
  }
}

/** At most `length` characters of a text. */
export function shortened(said: string, length: number): string {
  return said.length <= length ? said : `${said.slice(0, length - 1)}…`;
}

/** `undefined` is no line of the protocol: the caller reports the text itself. */
function parseJson(line: string): unknown {
  if (isTooDeep(line)) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** Whatever walks through a value of many levels later, to compare or to write it, would exhaust its stack. */
function isTooDeep(line: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < line.length; at += 1) {
    const mark = line[at];
    if (isInText) {
      if (mark === '"') isInText = false;
      else if (mark === '\\') at += 1;
    } else if (mark === '"') isInText = true;
    else if (mark === '[' || mark === '{') depth += 1;
    else if (mark === ']' || mark === '}') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
