import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import {
  approvalStatement,
  isPersonsName,
  SIGNATURE_LIMIT,
  SIGNATURE_NAMESPACE,
  type ApprovalSubject,
} from '../domain/approval.js';
import { SafeguardError } from '../domain/errors.js';

function refused(message: string, cause?: unknown): SafeguardError {
  return new SafeguardError('REQUEST_INVALID', message, { cause });
}

/**
 * The name of who decides: it may come to stand in what is signed.
 * @throws SafeguardError REQUEST_INVALID when it can't
 */
export function personsName(by: string): string {
  if (isPersonsName(by)) return by;
  throw refused('--by is a name: one line of at most 200 characters that can be seen.');
}

/** The text that `by` signs to approve a plan. */
export function statementOf(subject: ApprovalSubject, by: string): string {
  return approvalStatement(subject, personsName(by));
}

/**
 * Signs a statement with `ssh-keygen -Y sign`, which asks for a passphrase on the terminal, or the agent when the file is a
 * public key.
 * @throws SafeguardError REQUEST_INVALID with ssh-keygen's own words
 */
export async function signWith(keyFile: string, statement: string): Promise<string> {
  const argv = ['-q', '-Y', 'sign', '-f', keyFile, '-n', SIGNATURE_NAMESPACE];
  const { exitCode, code, stdout, stderr, shortMessage } = await execa('ssh-keygen', argv, {
    input: statement,
    reject: false,
  });
  if (exitCode === 0) return stdout;
  const said = stderr.trim() === '' ? (shortMessage ?? 'ssh-keygen failed') : stderr.trim();
  throw refused(
    `${keyFile} could not sign: ${code === 'ENOENT' ? 'there is no ssh-keygen on this machine' : said}`,
  );
}

/**
 * A signature that was made elsewhere.
 * @throws SafeguardError REQUEST_INVALID
 */
export async function signatureIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw refused(`${file} can't be read: ${(cause as Error).message}`, cause);
  });
  if (text.length > SIGNATURE_LIMIT) throw refused(`${file} is no signature: it is too long.`);
  return text;
}
