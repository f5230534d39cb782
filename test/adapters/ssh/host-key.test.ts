import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SshConnections } from '../../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../../src/adapters/ssh/target.js';
import { startSshd, type Sshd } from './sshd.js';

let sshd: Sshd;
const ssh = new SshConnections();
beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
afterAll(async () => {
  await ssh.close();
  await sshd.stop();
});

const login = async (target: SshTarget): Promise<string> => (await ssh.exec(target, ['echo', 'in'])).stdout;
const line = (type: string): string => `[127.0.0.1]:${String(sshd.port)} ${sshd.hostKeys[type] ?? ''}\n`;

// With all algorithms offered, as ssh2 does by itself, 'ecdsa' and 'rsa' were refused: the host showed its Ed25519 key.
test.each(['ed25519', 'ecdsa', 'rsa'])('a host with several keys of which only %s is known', async (type) => {
  expect(await login(await sshd.trusting(line(type)))).toBe('in\n');
});

test('the name counts when the address is not on file', async () => {
  expect(await login(await sshd.trusting(`[web-1]:${String(sshd.port)} ${sshd.hostKeys['rsa'] ?? ''}`))).toBe(
    'in\n',
  );
});

// ssh2 without a verifier, node-ssh's default, let every host in here.
test('an unknown host is refused with its fingerprint', async () => {
  const refused = login(await sshd.trusting(''));
  await expect(refused).rejects.toMatchObject({
    code: 'HOST_KEY_UNKNOWN',
    message: expect.stringContaining('SHA256:') as unknown,
  });
});

test('a known_hosts file that is not there is an unknown host', async () => {
  const refused = login({ ...sshd.target, knownHostsFile: '/nonexistent' });
  await expect(refused).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
});

test('a changed key is refused', async () => {
  const other = Buffer.from((sshd.hostKeys['ed25519'] ?? '').split(' ')[1] ?? '', 'base64');
  other[40] = (other[40] ?? 0) ^ 1;
  const target = await sshd.trusting(
    `[127.0.0.1]:${String(sshd.port)} ssh-ed25519 ${other.toString('base64')}`,
  );
  await expect(login(target)).rejects.toMatchObject({ code: 'HOST_KEY_MISMATCH' });
});

test('a revoked key is refused', async () => {
  await expect(login(await sshd.trusting(`${line('rsa')}@revoked ${line('rsa')}`))).rejects.toMatchObject({
    code: 'HOST_KEY_MISMATCH',
  });
});

test('a host without any key of the known types is refused', async () => {
  const target = await sshd.trusting(`[127.0.0.1]:${String(sshd.port)} ecdsa-sha2-nistp521 AAAA`);
  await expect(login(target)).rejects.toMatchObject({ code: 'HOST_KEY_MISMATCH' });
});
