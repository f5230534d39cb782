import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { SafeguardError } from '../domain/errors.js';

/** A signature, and what it is said to be. */
export interface SignatureClaim {
  /** File of OpenSSH's form: who may sign with which key. */
  readonly allowedSigners: string;
  /** Name of the signer, as the file has it. */
  readonly by: string;
  /** What signatures are for; one that was made for something else is refused. */
  readonly namespace: string;
  readonly statement: string;
  /** As `ssh-keygen -Y sign` prints it. */
  readonly signature: string;
}

/** How long ssh-keygen may take, in milliseconds; it needs about ten. */
const LIMIT_MS = 5_000;

/** What ssh-keygen says on standard error (in English, whatever the locale), and what it means. */
const MEANINGS: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/incorrect signature/, 'it was made over something else, such as another plan or run, or was altered'],
  [/has expired|not yet valid/, 'the key is not valid at this time'],
  [/namespace does not match/, 'it was made for another purpose (ssh-keygen -Y sign -n)'],
  [/missing header|invalid format|incomplete message|[Cc]ouldn't parse/, 'it is no SSH signature'],
];

/**
 * Verifies an SSH signature with `ssh-keygen -Y verify`; answers the fingerprint of the key that made it.
 * @throws SafeguardError SIGNATURE_REFUSED with the reason, SIGNATURE_NOT_JUDGED when it could not be verified at all
 */
export async function verifySignature(claim: SignatureClaim): Promise<string> {
  await assertReadable(claim.allowedSigners);
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-signature-'));
  try {
    const file = join(directory, 'signature');
    await writeFile(file, `${claim.signature.trim()}\n`, { mode: 0o600 });
    const { exitCode, stdout, stderr } = await verify(claim, file);
    if (exitCode !== 0) throw refused(claim, stderr);
    return fingerprintIn(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function assertReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    throw notJudged(`the worker can't read ${file} (approval.allowed_signers)`, cause);
  }
}

async function verify(
  { allowedSigners, by, namespace, statement }: SignatureClaim,
  file: string,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const argv = ['-Y', 'verify', '-f', allowedSigners, '-I', by, '-n', namespace, '-s', file];
  const options = { input: statement, env: { LC_ALL: 'C' }, timeout: LIMIT_MS, reject: false } as const;
  const { code, exitCode, stdout, stderr, shortMessage } = await execa('ssh-keygen', argv, options);
  if (code === 'ENOENT') throw notJudged('there is no ssh-keygen on the runner');
  if (exitCode === undefined)
    throw notJudged(shortMessage ?? 'ssh-keygen was ended before it could judge it');
  return { exitCode, stdout, stderr };
}

function refused({ by, allowedSigners }: SignatureClaim, stderr: string): SafeguardError {
  const meaning = MEANINGS.find(([said]) => said.test(stderr))?.[1];
  const said = stderr.trim().replaceAll('\n', '; ');
  const unknown = `${allowedSigners} lists no such key for ${by}${said === '' ? '' : ` (${said})`}`;
  return new SafeguardError(
    'SIGNATURE_REFUSED',
    `The signature for ${by} was refused: ${meaning ?? unknown}.`,
  );
}

function notJudged(why: string, cause?: unknown): SafeguardError {
  return new SafeguardError('SIGNATURE_NOT_JUDGED', `The signature could not be verified: ${why}.`, {
    cause,
  });
}

/** The name stands before the key, so only the end of the line is ssh-keygen's own word. */
function fingerprintIn(stdout: string): string {
  const found = / key (SHA256:[A-Za-z0-9+/]+)$/.exec(stdout.trim())?.[1];
  if (found === undefined) throw notJudged('ssh-keygen answered what is not understood here');
  return found;
}
