import type { z } from 'zod';
import { HostRefused, SafeguardError } from '../domain/errors.js';
import {
  HOST_PROTOCOL,
  type ActivateRequest,
  type AdoptRequest,
  type ChangeResult,
  type CommitRequest,
  type ComposeRequest,
  type EngineAnswer,
  type EngineRequest,
  type ForensicsRequest,
  type ForensicsResult,
  type HostInspection,
  type HostRequest,
  type InspectRequest,
  type PrepareRequest,
  type RenewRequest,
  type RestoreRequest,
  type StageRequest,
  type WithdrawRequest,
} from '../domain/host-protocol.js';
import { archiveBytes, archiveSize, type Archive } from './host-archive.js';
import {
  changeResult,
  engineAnswer,
  forensicsResult,
  HostAnswer,
  hostInspection,
  shortened,
  type HostProgress,
} from './host-answer.js';
import { hostStays } from './host-stay.js';
import type { ExecResult } from './ssh/call.js';
import type { SshConnections } from './ssh/connections.js';
import { describeTarget, type SshTarget } from './ssh/target.js';

/** The one command that the deploying user may run as root. */
export const HOST_COMMAND = ['sudo', '-n', '/usr/local/sbin/safeguard-host'] as const;

/** How long a host may take to answer where the caller sets no limit, in milliseconds. */
export interface HostLimits {
  /** To look: it reads every file that it serves. */
  readonly lookMs: number;
  /** To change something. */
  readonly changeMs: number;
}

const LOOKS: ReadonlySet<HostRequest['operation']> = new Set(['inspect', 'engine']);

const LIMITS: HostLimits = { lookMs: 60_000, changeMs: 600_000 };

/** A request as its caller writes it: the protocol's number is filled in here. */
type Unversioned<R extends HostRequest> = Omit<R, 'protocol'>;

/** Every operation that changes what runs, or what the host's journal says of it. */
export type ChangeRequest =
  | Unversioned<ActivateRequest>
  | Unversioned<RenewRequest>
  | Unversioned<PrepareRequest>
  | Unversioned<RestoreRequest>
  | Unversioned<CommitRequest>
  | Unversioned<WithdrawRequest>
  | Unversioned<AdoptRequest>;

export interface HostCallOptions {
  /** By a process of its own: sudo is asked now, not when another call began. */
  readonly alone?: boolean;
  readonly signal?: AbortSignal;
  /** Left out: see {@link HostLimits}. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: HostProgress) => void;
}

/** The part of {@link SshConnections} that is needed here. */
export type Executor = Pick<SshConnections, 'exec'>;

/**
 * Speaks to `safeguard-host` (docs/architecture.md, "A host"). Every method throws what `SshConnections.exec` throws,
 * `HostRefused` with the host's own code, or HOST_ANSWER_INVALID when the answer is not of the protocol.
 */
export class HostProgram {
  readonly #ssh: Executor;
  readonly #command: readonly string[];
  readonly #limits: HostLimits;

  constructor(ssh: Executor, command: readonly string[] = HOST_COMMAND, limits: HostLimits = LIMITS) {
    this.#ssh = ssh;
    this.#command = command;
    this.#limits = limits;
  }

  /** Looks at an application on a host; changes nothing. */
  async inspect(
    target: SshTarget,
    of: Omit<InspectRequest, 'protocol' | 'operation'>,
    options: HostCallOptions = {},
  ): Promise<HostInspection> {
    return this.#call(target, { ...of, operation: 'inspect' }, hostInspection, options);
  }

  /** Asks a container engine on a host, as root; resolves however the engine ended. */
  async engine(
    target: SshTarget,
    request: Omit<EngineRequest, 'protocol' | 'operation'>,
    options: HostCallOptions = {},
  ): Promise<EngineAnswer> {
    return this.#call(target, { ...request, operation: 'engine' }, engineAnswer, options);
  }

  /** Sends a component's archive. `archive` is opened once, when the host takes it, and a chunk is good until the next one is asked for. Also throws what it fails with, and RELEASE_CHANGED. */
  async stage(
    target: SshTarget,
    request: Unversioned<StageRequest>,
    archive: () => AsyncIterable<Buffer>,
    options: HostCallOptions = {},
  ): Promise<ChangeResult> {
    return this.#call(target, request, changeResult, options, { request, open: archive });
  }

  /** Activates, renews a lease, prepares, restores, commits, withdraws or adopts. */
  async change(
    target: SshTarget,
    request: ChangeRequest,
    options: HostCallOptions = {},
  ): Promise<ChangeResult> {
    return this.#call(target, request, changeResult, options);
  }

  /** Stages a composite release from what lies on the host. */
  async compose(
    target: SshTarget,
    request: Unversioned<ComposeRequest>,
    options: HostCallOptions = {},
  ): Promise<ChangeResult> {
    return this.#call(target, request, changeResult, options);
  }

  /** Keeps what there is to know of a failed release on the host, and answers it. */
  async forensics(
    target: SshTarget,
    request: Unversioned<ForensicsRequest>,
    options: HostCallOptions = {},
  ): Promise<ForensicsResult> {
    return this.#call(target, request, forensicsResult, options);
  }

  async #call<T>(
    target: SshTarget,
    request: Unversioned<HostRequest>,
    schema: z.ZodType<T>,
    { onProgress, alone = false, ...options }: HostCallOptions,
    archive?: Archive,
  ): Promise<T> {
    const answer = new HostAnswer((progress) => onProgress?.(progress));
    const line = `${JSON.stringify({ protocol: HOST_PROTOCOL, ...request })}\n`;
    const { lookMs, changeMs } = this.#limits;
    const result = await this.#ssh.exec(target, this.#command, {
      timeoutMs: LOOKS.has(request.operation) ? lookMs : changeMs,
      ...options,
      stdin: line,
      ...(archive && { body: { bytes: archiveBytes(archive, answer), size: archiveSize(archive) } }),
      ...(!alone && { stay: hostStays(answer, archive) }),
      onStdoutLine: (text) => answer.add(text),
    });
    return judge(target, answer, result, schema);
  }
}

function judge<T>(target: SshTarget, answer: HostAnswer, result: ExecResult, schema: z.ZodType<T>): T {
  const { ending, garbage } = answer;
  if (ending?.type === 'error') throw new HostRefused(ending.code, `${target.name}: ${ending.message}`);
  if (garbage !== undefined) throw invalid(target, `it wrote ${JSON.stringify(garbage)}`);
  if (!ending) throw invalid(target, `no result; ${describeEnd(result)}`);
  if (result.code !== 0) throw invalid(target, `a result, but ${describeEnd(result)}`);
  const protocol = (ending.result as { readonly protocol?: unknown } | null)?.protocol;
  if (protocol !== undefined && protocol !== HOST_PROTOCOL) {
    throw invalid(
      target,
      `it speaks protocol ${JSON.stringify(protocol)}, and ${String(HOST_PROTOCOL)} is needed`,
    );
  }
  const parsed = schema.safeParse(ending.result);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).slice(0, 5);
  throw invalid(target, places.join('; '), parsed.error);
}

function describeEnd({ code, signal, stderr }: ExecResult): string {
  const end = code === null ? `ended by ${signal ?? 'a signal'}` : `exit status ${String(code)}`;
  const text = stderr.trim().slice(0, 500);
  return text === '' ? end : `${end}: ${text}`;
}

/** Characters of what is told of an answer that is not of the protocol: all of it may be the host's. */
const TOLD = 1_000;

function invalid(target: SshTarget, what: string, cause?: unknown): SafeguardError {
  const told = shortened(what, TOLD);
  const text = `The answer of safeguard-host on ${describeTarget(target)} is not of the protocol: ${told}`;
  return new SafeguardError('HOST_ANSWER_INVALID', text, { cause });
}
