import { isSamePerson } from '../domain/approval.js';
import type { ApprovalPolicy } from '../domain/policy.js';
import type { Problem } from './problems.js';
import type { EnvironmentSection } from './schema.js';

const UNSIGNED =
  'approvals have to be signed here, but nothing says by whom. Set allowed_signers to a file of who may sign with which key, or signatures: optional to take the word of anybody who says a name';

/** Why nobody could ever give an approval: signatures that nobody may make, groups with too few members. */
export function approvalProblems(
  environment: string,
  { approval }: EnvironmentSection,
  { required, signatures, groups }: ApprovalPolicy,
): Problem[] {
  const path = ['environments', environment, 'approval'];
  const isUnsigned = required && signatures === 'required' && !approval.allowed_signers;
  const small = Object.entries(groups).flatMap(([group, { members, count }]) => {
    const people = members.filter(
      (member, index) => members.findIndex((other) => isSamePerson(member, other)) === index,
    );
    const text = `asks for ${count} members, but has ${people.length}`;
    return people.length < count ? [{ path: [...path, 'groups', group], text }] : [];
  });
  return [...(isUnsigned ? [{ path, text: UNSIGNED }] : []), ...small];
}
