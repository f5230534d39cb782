import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysFor, parseKnownHosts } from '../../../src/adapters/ssh/known-hosts.js';

const text = `
# a comment
web-1,10.0.0.1 ssh-ed25519 AAAA one
[web-1]:2222 ssh-rsa BBBB
*.example.org,!bad.example.org ecdsa-sha2-nistp256 CCCC
@revoked web-1 ssh-rsa DDDD
@cert-authority * ssh-ed25519 EEEE
broken line
`;
const entries = parseKnownHosts(text);
const found = (host: string, port = 22): string[] =>
  keysFor(entries, host, port).trusted.map(({ key }) => key.toString('base64'));

test('names, addresses and ports are told apart', () => {
  expect(found('web-1')).toEqual(['AAAA']);
  expect(found('WEB-1')).toEqual(['AAAA']);
  expect(found('10.0.0.1')).toEqual(['AAAA']);
  expect(found('web-1', 2222)).toEqual(['BBBB']);
  expect(found('web-1', 2223)).toEqual([]);
  expect(found('10x0.0.1')).toEqual([]);
});

test('patterns and their exceptions', () => {
  expect(found('a.example.org')).toEqual(['CCCC']);
  expect(found('bad.example.org')).toEqual([]);
});

test('a revoked key is no trusted one, and an authority is no key', () => {
  expect(keysFor(entries, 'web-1', 22).revoked.map(({ key }) => key.toString('base64'))).toEqual(['DDDD']);
  expect(found('elsewhere')).toEqual([]);
});

test('names as ssh-keygen hashes them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-known-'));
  const file = join(directory, 'known_hosts');
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIKPqqUQ1VqkZz0cXAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  await writeFile(file, `web-1 ssh-ed25519 ${key}\n[web-1]:2222 ssh-ed25519 ${key}\n`);
  await execa('ssh-keygen', ['-H', '-f', file]);
  const hashed = await readFile(file, 'utf8');
  await rm(directory, { recursive: true });
  expect(hashed).toMatch(/^\|1\|.*\n\|1\|/);
  const count = (host: string, port: number): number =>
    keysFor(parseKnownHosts(hashed), host, port).trusted.length;
  expect([count('web-1', 22), count('web-1', 2222), count('web-2', 22)]).toEqual([1, 1, 0]);
});
