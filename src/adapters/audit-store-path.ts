import type { AuditLine, TrailPlace } from '../domain/audit.js';
import { SafeguardError } from '../domain/errors.js';

const NAME = /^[a-z][a-z0-9-]{0,60}$/;
const LIFE = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/**
 * The folders of an environment's trails, or of one life's. Anybody may start a workflow with anything, so the names are judged before
 * they become a path.
 * @throws SafeguardError REQUEST_INVALID
 */
export function foldersOf({
  application,
  environment,
  incarnation,
}: Omit<TrailPlace, 'incarnation'> & Partial<TrailPlace>): string[] {
  const isFit =
    NAME.test(application) && NAME.test(environment) && (incarnation === undefined || LIFE.test(incarnation));
  if (isFit) return [application, environment, ...(incarnation === undefined ? [] : [incarnation])];
  throw new SafeguardError('REQUEST_INVALID', 'The names of an audit trail are no names of folders.');
}

/** Another line, or none of ours, lies where this one belongs. */
export function broken({ sequence }: AuditLine, place: string): SafeguardError {
  return new SafeguardError(
    'AUDIT_BROKEN',
    `Something else lies where line ${sequence} of the audit trail belongs: ${place}. Nothing was written over.`,
  );
}

/** The store does not do what it was asked for. */
export function unavailable(what: string, cause: unknown): SafeguardError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SafeguardError('AUDIT_NOT_WRITTEN', `${what}: ${message}`, { cause });
}
