/** Something the lab refuses or could not do; the message says what happened and what to do about it. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
