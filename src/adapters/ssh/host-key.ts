import { createHash } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { SafeguardError } from '../../domain/errors.js';
import type { KnownKeys } from './known-hosts.js';
import { describeTarget, type SshTarget } from './target.js';

/** Signature algorithms for each type of key; SHA-1 signatures (`ssh-rsa`) are not offered. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * The algorithms to offer a host. Only those whose key is known: a host with several keys shows the one of the
 * first algorithm that both sides know, and another one than the known would look like a changed key.
 * For a host without a known key all are offered, so that the refusal can show its fingerprint.
 */
export function hostKeyAlgorithms(known: KnownKeys): ServerHostKeyAlgorithm[] {
  const types = new Set(known.trusted.map((entry) => entry.type));
  const usable = Object.entries(ALGORITHMS).filter(([type]) => types.size === 0 || types.has(type));
  return usable.flatMap(([, algorithms]) => algorithms);
}

/** The fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** What is wrong with the key that a host presented; `undefined` when it is a known one. */
export function judgeHostKey(target: SshTarget, known: KnownKeys, key: Buffer): SafeguardError | undefined {
  const host = describeTarget(target);
  const shown = fingerprint(key);
  if (known.revoked.some((entry) => entry.key.equals(key))) {
    return new SafeguardError(
      'HOST_KEY_MISMATCH',
      `${host} presented the key ${shown}, which ${target.knownHostsFile} revokes`,
    );
  }
  if (known.trusted.length === 0) {
    const text = `${target.knownHostsFile} has no key of ${host}, which presented ${shown}`;
    return new SafeguardError('HOST_KEY_UNKNOWN', text);
  }
  if (known.trusted.some((entry) => entry.key.equals(key))) return undefined;
  const expected = known.trusted.map((entry) => fingerprint(entry.key)).join(', ');
  return new SafeguardError(
    'HOST_KEY_MISMATCH',
    `${host} presented the key ${shown}; ${target.knownHostsFile} has ${expected}`,
  );
}
