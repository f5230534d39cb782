/** Somebody on the other side read what was asked and said no; the message is theirs. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
