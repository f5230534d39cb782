import type { Json } from '../../domain/canonical-json.js';
import { HostRefused, SafeguardError } from '../../domain/errors.js';
import {
  HOST_ERROR_CODES,
  type ActivateRequest,
  type ChangeResult,
  type HostErrorCode,
  type StageRequest,
} from '../../domain/host-protocol.js';
import { changeResult } from '../host-answer.js';
import type { HostCallOptions } from '../host-program.js';
import { describeTarget, type SshTarget } from '../ssh/target.js';
import { Stop } from '../stop.js';
import { REQUESTS, type Ansible, type Played } from './ansible.js';
import { connectionVars, type Play, type Secrets } from './command.js';
import type { TaskResult } from './events.js';
import { RequestPlays, type PartOptions } from './request-plays.js';

/** A host, and the inventory of the team that it is in. */
export interface AnsibleHost {
  readonly target: SshTarget;
  readonly inventory: string | null;
}

/**
 * A request for safeguard-host without its protocol number. That of `stage` has `archive`, the path of what is sent after it, and no
 * secrets, which go another way.
 */
export type AnsibleRequest =
  | Omit<ActivateRequest, 'protocol'>
  | (Omit<StageRequest, 'protocol' | 'secrets'> & { readonly archive: string });

/** A team's own playbook, and what it is told beside the requests. */
export interface OwnPlaybook {
  /** Absolute path. */
  readonly playbook: string;
  readonly vars: Readonly<Record<string, Json>>;
}

/**
 * Speaks to `safeguard-host` through Ansible: the same requests and answers as `HostProgram`, carried by `ansible-playbook`. Every
 * method throws `HostRefused` with the host's own code, ANSIBLE_FAILED, CONNECTION_LOST (the host did not answer Ansible; something may
 * have been carried out), HOST_TIMEOUT, ANSIBLE_MISSING, or the reason of the caller's signal.
 */
export class AnsibleProgram {
  readonly #ansible: Ansible;
  readonly #plays: RequestPlays;
  #isThere = false;

  constructor(ansible: Ansible) {
    this.#ansible = ansible;
    this.#plays = new RequestPlays(ansible);
  }

  /**
   * Throws ANSIBLE_MISSING where Ansible can't be started. Once it could, it is believed to be there: starting it takes most of a second of
   * processor time, and a play that can't begin says the same.
   */
  async assertThere(signal: AbortSignal): Promise<void> {
    if (this.#isThere) return;
    await this.#ansible.version(signal);
    this.#isThere = true;
  }

  /** Starts ahead the play that `requests` of these hosts will need; where it can't be started, `requests` says so. */
  anticipate(hosts: readonly AnsibleHost[]): void {
    const inventory = hosts[0]?.inventory ?? null;
    this.#plays.anticipate(
      { inventory, mode: 'carry-out' },
      hosts.map(({ target }) => target),
    );
  }

  /** Ends what waits. */
  close(): Promise<void> {
    return this.#plays.close();
  }

  /**
   * Carries out requests in order, and answers what the host said to each. In check mode nothing is changed. What is asked of several
   * hosts of an environment at the same time is one play. `isMoreToCome`: the same hosts are about to be asked for more, so that
   * Ansible stays for it.
   */
  async requests(
    { target, inventory }: AnsibleHost,
    requests: readonly AnsibleRequest[],
    secrets: Secrets,
    options: HostCallOptions & { readonly isMoreToCome?: boolean } = {},
    mode: Play['mode'] = 'carry-out',
  ): Promise<ChangeResult[]> {
    const environment = requests.map((one) => `${one.application} ${one.environment}`).join();
    const asked = requests as unknown as readonly Json[];
    const { isMoreToCome = false } = options;
    const part = { target, environment, requests: asked, isMoreToCome, play: { inventory, mode, secrets } };
    const played = await limited(`${REQUESTS} on ${describeTarget(target)}`, options, (how) =>
      this.#plays.play(part, how),
    );
    throwIfFailed(target, REQUESTS, played);
    const answers = answersOf(target, played);
    if (answers.length === requests.length) return answers;
    throw failed(target, REQUESTS, played);
  }

  /**
   * Carries out a team's own playbook, which hands `safeguard_request` to safeguard-host at some point.
   * @throws SafeguardError ANSIBLE_FAILED when it never did
   */
  async own(
    host: AnsibleHost,
    { playbook, vars }: OwnPlaybook,
    request: AnsibleRequest,
    options: HostCallOptions = {},
    mode: Play['mode'] = 'carry-out',
  ): Promise<ChangeResult> {
    const all = { ...vars, safeguard_request: request as unknown as Json };
    const played = await this.#playOwn(host, { playbook, vars: all }, mode, options);
    const answer = answersOf(host.target, played).at(-1);
    if (answer) return answer;
    throw new SafeguardError(
      'ANSIBLE_FAILED',
      `${playbook} ended on ${describeTarget(host.target)} without a task safeguard_host that has safeguard_request.`,
    );
  }

  /** Carries out a team's own playbook that asks safeguard-host for nothing. */
  async plain(host: AnsibleHost, playbook: OwnPlaybook, options: HostCallOptions = {}): Promise<void> {
    await this.#playOwn(host, playbook, 'carry-out', options);
  }

  async #playOwn(
    { target, inventory }: AnsibleHost,
    { playbook, vars }: OwnPlaybook,
    mode: Play['mode'],
    options: HostCallOptions,
  ): Promise<Played> {
    const all = { ...vars, ...connectionVars(target) };
    const play: Play = { hosts: [target.name], inventory, playbook, vars: all, mode };
    const played = await limited(`${playbook} on ${describeTarget(target)}`, options, (how) =>
      this.#ansible.play(play, how),
    );
    throwIfFailed(target, playbook, played);
    return played;
  }
}

/** Carries out a play until the caller's signal or its time says otherwise. */
async function limited(
  what: string,
  { signal, timeoutMs, onProgress }: HostCallOptions,
  play: (how: PartOptions) => Promise<Played>,
): Promise<Played> {
  const late = (): Error =>
    new SafeguardError('HOST_TIMEOUT', `${what} did not end within ${String(timeoutMs)} ms`);
  const stop = new Stop().with(signal).after(timeoutMs, late);
  try {
    return await play({ signal: stop.signal, onTask: (text) => onProgress?.({ text }) });
  } finally {
    stop.dispose();
  }
}

function isHostCode(code: string | undefined): code is HostErrorCode {
  return (HOST_ERROR_CODES as readonly string[]).includes(code ?? '');
}

function answersOf(target: SshTarget, { results }: Played): ChangeResult[] {
  const answered = results.filter(
    ({ event, action, host }) => event === 'ok' && action === 'safeguard_host' && host === target.name,
  );
  return answered.map(({ result }) => {
    const parsed = changeResult.safeParse(result);
    if (parsed.success) return parsed.data;
    throw new SafeguardError(
      'HOST_ANSWER_INVALID',
      `The answer of safeguard-host on ${describeTarget(target)} is not of the protocol: ${parsed.error.message}`,
    );
  });
}

/** What failed first says why; the rest follows from it. */
function throwIfFailed(target: SshTarget, playbook: string, played: Played): void {
  if (played.exitCode === null)
    throw new SafeguardError(
      'CONNECTION_LOST',
      `Ansible was killed while it carried out ${playbook} on ${describeTarget(target)}`,
    );
  const bad = played.results.find(({ event }) => event === 'failed' || event === 'unreachable');
  if (bad) throw failureOf(target, bad);
  if (played.exitCode !== 0) throw failed(target, playbook, played);
}

function failureOf(target: SshTarget, { event, task, message, code }: TaskResult): SafeguardError {
  if (event === 'unreachable')
    return new SafeguardError(
      'CONNECTION_LOST',
      `${describeTarget(target)} did not answer Ansible: ${message}`,
    );
  // Ansible puts the code before the host's own words.
  if (isHostCode(code)) return new HostRefused(code, `${target.name}: ${message.replace(`${code}: `, '')}`);
  return new SafeguardError('ANSIBLE_FAILED', `${target.name}: the task "${task}" failed: ${message}`);
}

function failed(target: SshTarget, playbook: string, { exitCode, stderr }: Played): SafeguardError {
  const why = stderr === '' ? '' : `: ${stderr}`;
  return new SafeguardError(
    'ANSIBLE_FAILED',
    `${playbook} ended on ${describeTarget(target)} with exit status ${String(exitCode)}${why}`,
  );
}
