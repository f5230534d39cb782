import { describe, expect, test } from '@jest/globals';
import { environmentOf } from '../../src/config/load.js';
import { changed, complaint, FILE, parsed } from './fixture.js';

const LINE = '    approval: { allowed_signers: keys/allowed_signers }\n';

function policyWith(text: string) {
  return environmentOf(parsed(text), 'production').policy.approval;
}

describe('signed approvals', () => {
  test('production asks for them, and finds the file beside the configuration', () => {
    const production = environmentOf(parsed(), 'production');
    expect(production.policy.approval.signatures).toBe('required');
    expect(production.allowedSigners).toBe('/srv/campus/keys/allowed_signers');
  });

  test('who names a file of signers elsewhere means it, unless the policy says otherwise', () => {
    const staging = (more: string): string =>
      changed('    approval: { required: true }', `    approval: { allowed_signers: signers${more} }`);
    const signatures = (text: string): string =>
      environmentOf(parsed(text), 'staging').policy.approval.signatures;
    expect(signatures(staging(''))).toBe('required');
    expect(signatures(staging(', signatures: optional'))).toBe('optional');
  });

  test('without a file of signers production is refused, and both ways out are named', () => {
    expect(complaint(changed(LINE, ''))).toMatch(
      new RegExp(
        `^${FILE}:38:5 environments.production.approval: approvals have to be signed here.*allowed_signers.*signatures: optional`,
      ),
    );
    expect(complaint(changed(LINE, '    approval: { count: 2 }\n'))).toContain(`${FILE}:38:15 `);
  });

  test('either way out is taken', () => {
    expect(policyWith(changed(LINE, '    approval: { signatures: optional }\n'))).toMatchObject({
      required: true,
      signatures: 'optional',
    });
    expect(policyWith(changed(LINE, '    approval: { required: false }\n')).required).toBe(false);
  });
});

test('a group that asks for more members than it has is refused where it stands', () => {
  const groups = '{ dba: { members: [ada, " Ada"], count: 2 } }';
  const line = `    approval: { allowed_signers: a, groups: ${groups} }\n`;
  expect(complaint(changed(LINE, line))).toBe(
    `${FILE}:38:52 environments.production.approval.groups.dba: asks for 2 members, but has 1`,
  );
});
