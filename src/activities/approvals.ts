import { verifySignature } from '../adapters/ssh-signature.js';
import { approvalStatement, SIGNATURE_NAMESPACE, type ApprovalSubject } from '../domain/approval.js';
import { SafeguardError } from '../domain/errors.js';
import { configured, type Dependencies } from './dependencies.js';

/** A signed approval that nobody has verified yet. */
export interface SignedApproval {
  readonly subject: ApprovalSubject;
  readonly by: string;
  readonly signature: string;
}

/** What a verified signature proves. */
export interface VerifiedApproval {
  /** SHA-256 fingerprint of the key that signed. */
  readonly key: string;
}

/**
 * Verifies that this person has signed an approval of this very plan of this very run.
 * @throws SafeguardError SIGNATURE_REFUSED, SIGNATURE_NOT_JUDGED
 */
export async function verifyApproval(
  dependencies: Dependencies,
  { subject, by, signature }: SignedApproval,
): Promise<VerifiedApproval> {
  const { allowedSigners, name } = configured(dependencies, subject);
  if (allowedSigners === null)
    throw new SafeguardError(
      'SIGNATURE_NOT_JUDGED',
      `The signature could not be verified: environment ${name} has no approval.allowed_signers.`,
    );
  const statement = approvalStatement(subject, by);
  return {
    key: await verifySignature({
      allowedSigners,
      by,
      namespace: SIGNATURE_NAMESPACE,
      statement,
      signature,
    }),
  };
}
