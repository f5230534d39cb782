const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID = /^[a-z0-9][a-z0-9-]{7,63}$/;

/** `20261121-114512-k3f9ab`: sorts by time, reads as a date, unique by 30 random bits. `random` gives numbers in [0, 1). */
export function newDeploymentId(now: Date, random: () => number): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  const tail = Array.from({ length: 6 }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? '0').join(
    '',
  );
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${tail}`;
}

/** True for what may be part of a workflow id, a file name and a unit name. */
export function isDeploymentId(text: string): boolean {
  return ID.test(text);
}

/** A job of a CI system, as it is told of itself. */
export interface CiJob {
  /** Address of the server; two of them may count alike. */
  readonly server: string;
  readonly runId: string;
  /** Counts from 1, and up with each re-run. */
  readonly attempt: string;
  /** Name of the job in its workflow; those of a matrix share it. */
  readonly job: string;
}

/** What a job asks for, as far as it makes another deployment of it. */
export interface CiWish {
  readonly application: string;
  readonly environment: string;
  readonly version: string;
  readonly dryRun: boolean;
}

/** True for a job whose numbers may become part of an id. */
export function isCiJob({ runId, attempt }: CiJob): boolean {
  return /^\d{1,20}$/.test(runId) && /^\d{1,6}$/.test(attempt);
}

/** What makes one deployment of one attempt of a job: the same job delivered twice has the same text. */
export function ciIdentity({ server, runId, attempt, job }: CiJob, wish: CiWish): string {
  const { application, environment, version, dryRun } = wish;
  return JSON.stringify([server, runId, attempt, job, application, environment, version, dryRun]);
}

/** `ci-17284938475-1-3f9ab2`: run, attempt, and the beginning of the identity's digest (hexadecimal). */
export function ciDeploymentId({ runId, attempt }: CiJob, digest: string): string {
  return `ci-${runId}-${attempt}-${digest.slice(0, 6)}`;
}
