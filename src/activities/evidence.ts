import { SafeguardError } from '../domain/errors.js';
import type { Dependencies, Where } from './dependencies.js';

/** Where something was kept, or why it was not. */
export type Kept = { readonly file: string } | { readonly why: string };

/** Keeps what was seen beside the run's record. A full disk of the runner must not stop a verdict, least of all on the way back: it is said. */
export async function keepEvidence(
  { records }: Pick<Dependencies, 'records'>,
  run: Where & { readonly deploymentId: string },
  name: string,
  value: unknown,
): Promise<Kept> {
  try {
    return { file: await records.keepEvidence(run, name, value) };
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    return { why: error.message };
  }
}
