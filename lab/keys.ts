import { join } from 'node:path';
import { cached } from '../setup/cache.js';
import { must } from './execute.js';

/** Private key files of the lab's people; each has its public key beside it with `.pub`. */
export interface LabKeys {
  /** The deploying user's. */
  readonly deploy: string;
  /** root's: for preparing hosts and for looking around, never for deploying. */
  readonly root: string;
}

/** Makes an ed25519 key pair without passphrase. */
export async function makeKey(file: string, comment: string): Promise<void> {
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}

/** The key pairs, made once for this machine: hosts are prepared with the deploying user's public key. */
export async function labKeys(): Promise<LabKeys> {
  const directory = await cached('lab-keys', '1', async (scratch) => {
    await makeKey(join(scratch, 'deploy'), 'deploy@safeguard-lab');
    await makeKey(join(scratch, 'root'), 'root@safeguard-lab');
  });
  return { deploy: join(directory, 'deploy'), root: join(directory, 'root') };
}
