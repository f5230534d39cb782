import type { AuditLine, TrailPlace } from '../domain/audit.js';
import { SafeguardError } from '../domain/errors.js';

const NAME = /^[a-z][a-z0-9-]{0,60}$/;
const LIFE = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** An environment, whose trails lie beside each other. */
export type Trails = Omit<TrailPlace, 'incarnation'>;

/**
 * The folders of an environment's trails. Anybody may start a workflow with anything, so names are judged before they become a path.
 * @throws SafeguardError REQUEST_INVALID
 */
export function foldersOf({ application, environment }: Trails): string[] {
  if ([application, environment].every((name) => NAME.test(name))) return [application, environment];
  throw new SafeguardError('REQUEST_INVALID', 'The names of an audit trail are no names of folders.');
}

/** The folders of one life's lines. @throws as {@link foldersOf} */
export function foldersOfLife(place: TrailPlace): string[] {
  if (LIFE.test(place.incarnation)) return [...foldersOf(place), place.incarnation];
  throw new SafeguardError('REQUEST_INVALID', 'The life of an audit trail is no name of a folder.');
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
