import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { ensurePackages } from '../../../setup/apt.js';
import { freePort } from '../ssh/sshd.js';

/** A private Redis on loopback that keeps nothing. */
export interface RedisServer {
  readonly port: number;
  /** Carries out a command; rejects where it can't be. */
  readonly tell: (...words: readonly string[]) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Starts one that lets in whoever has the password. */
export async function startRedis(password: string): Promise<RedisServer> {
  await ensurePackages(['redis-server']);
  const port = await freePort();
  const place = ['--port', String(port), '--bind', '127.0.0.1'];
  const args = [...place, '--requirepass', password, '--save', '', '--dir', tmpdir()];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(server.stdout)) if (line.includes('Ready to accept')) break;
  server.stdout.resume();
  return {
    port,
    tell: (...words) =>
      execa('redis-cli', ['-p', String(port), ...words], { env: { REDISCLI_AUTH: password } }),
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}
