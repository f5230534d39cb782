import { isSamePerson } from '../domain/approval.js';
import { SafeguardError } from '../domain/errors.js';
import type { ApprovalPolicy } from '../domain/policy.js';
import type { EnvironmentSection } from './schema.js';
import type { ConfigSource } from './source.js';

/**
 * Refuses an approval that nobody could ever give: signatures that nobody may make, groups with too few members.
 * @throws SafeguardError CONFIG_INVALID with file, line and column
 */
export function assertApprovable(
  source: ConfigSource,
  environment: string,
  { approval }: EnvironmentSection,
  { required, signatures, groups }: ApprovalPolicy,
): void {
  const refuse = (path: readonly string[], sentence: string): never => {
    const place = ['environments', environment, 'approval', ...path];
    throw new SafeguardError('CONFIG_INVALID', `${source.place(place)} ${place.join('.')}: ${sentence}`);
  };
  if (required && signatures === 'required' && !approval.allowed_signers)
    refuse(
      [],
      'approvals have to be signed here, but nothing says by whom. Set allowed_signers to a file of who may sign with which key, or signatures: optional to take the word of anybody who says a name',
    );
  for (const [group, { members, count }] of Object.entries(groups)) {
    const people = members.filter(
      (member, index) => members.findIndex((other) => isSamePerson(member, other)) === index,
    );
    if (people.length < count)
      refuse(['groups', group], `asks for ${count} members, but has ${people.length}`);
  }
}
