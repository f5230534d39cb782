/**
 * Whether an error is the operating system's with that code (`ENOENT`). By its shape, not by its class: under Jest
 * the errors of Node's own modules belong to another realm.
 */
export function isSystemError(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
