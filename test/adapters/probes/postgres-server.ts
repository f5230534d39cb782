import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from '../../../setup/apt.js';
import { freePort } from '../ssh/sshd.js';

/** A private PostgreSQL on loopback; everybody is let in as `postgres`. */
export interface PostgresServer {
  readonly port: number;
  readonly sql: (text: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';

/** Starts it, as the user postgres: PostgreSQL refuses to run as root. */
export async function startPostgres(): Promise<PostgresServer> {
  await ensurePackages(['postgresql']);
  const [version = ''] = (await readdir(VERSIONS)).sort((a, b) => Number(b) - Number(a));
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-postgres-'));
  const { stdout: uid } = await execa('id', ['-u', 'postgres']);
  await chown(directory, Number(uid), 0);
  const asPostgres = (program: string, args: readonly string[]): Promise<unknown> =>
    execa('runuser', ['-u', 'postgres', '--', join(VERSIONS, version, 'bin', program), ...args], {
      cwd: '/',
      stdout: 'ignore',
    });
  const data = join(directory, 'data');
  const port = await freePort();
  await asPostgres('initdb', [
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    'postgres',
    '--no-sync',
    '-E',
    'UTF8',
    '--locale',
    'C',
  ]);
  const options = `-p ${String(port)} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${directory} -c fsync=off`;
  await asPostgres('pg_ctl', ['-w', '-D', data, '-o', options, '-l', join(directory, 'log'), 'start']);
  return {
    port,
    sql: async (text) => {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'postgres',
        '-v',
        'ON_ERROR_STOP=1',
        '-At',
        '-c',
        text,
      ];
      return (await execa('psql', args)).stdout;
    },
    stop: async () => {
      await asPostgres('pg_ctl', ['-w', '-D', data, '-m', 'immediate', 'stop']);
      await rm(directory, { recursive: true });
    },
  };
}
