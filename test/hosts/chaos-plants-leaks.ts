import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetJournals } from './chaos-plants-left.js';
import type { Place, Plant } from './chaos-plants.js';

const HOST_FILE = '/var/tmp/planted';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A file of a host with that text, which some user may read. */
function hostFile(name: string, mode: string, text: (secret: string) => string): Plant {
  return {
    name,
    put: ({ on, secret }) => on('web-2', `install -m ${mode} /dev/stdin ${HOST_FILE}`, text(secret)),
    undo: ({ on }) => on('web-2', `rm ${HOST_FILE}`),
    finds: [['I5', 'web-2', /^A secret stands in the file \/var\/tmp\/planted$/]],
  };
}

function runnerFile(
  name: string,
  file: (place: Place) => Promise<string>,
  text: (secret: string) => string,
): Plant {
  return {
    name,
    put: async (place) => writeFile(await file(place), text(place.secret)),
    undo: async (place) => rm(await file(place)),
    finds: [['I5', null, /^A secret stands in a file of the runner$/]],
  };
}

/** I5: each in another form. */
export const LEAKS: readonly Plant[] = [
  {
    name: 'a secret in the payload of a history',
    put: async () => Promise.resolve(),
    tell: ({ rest, secret }) => {
      const payload = { data: base64(JSON.stringify({ password: secret })) };
      return {
        histories: new Map([...rest.histories, ['deployment/x', JSON.stringify({ payloads: [payload] })]]),
      };
    },
    finds: [['I5', null, /^A secret stands in the history of deployment\/x$/]],
  },
  {
    name: 'a secret in a command line that was seen',
    put: async () => Promise.resolve(),
    tell: ({ secret }) => ({ commandLines: [`flyway migrate -password=${secret}`] }),
    finds: [['I5', null, /^A secret stood in a command line$/]],
  },
  runnerFile(
    'a secret in a record',
    async ({ rest }) => {
      const directory = join(rest.records, 'campus', 'production', 'runs');
      const [run = ''] = await readdir(directory);
      return join(directory, run, 'planted.json');
    },
    (secret) => JSON.stringify({ message: `password ${secret} is wrong` }),
  ),
  runnerFile(
    'a secret in the log of a runner',
    async ({ campus }) => Promise.resolve(join(campus.directory, 'planted.log')),
    (secret) => `GET /?password=${encodeURIComponent(secret)}`,
  ),
  hostFile('a secret in a file of a host', '600', (secret) => `xy${secret}`),
  hostFile('a secret in a file of a host, in base64', '644', (secret) => base64(`xy${secret}`)),
  hostFile('a secret in a file of a host, in hexadecimal', '644', (secret) =>
    Buffer.from(secret).toString('hex'),
  ),
  {
    name: 'a secret in a file of a release that others may read',
    put: ({ on }) => on('web-1', 'chmod 644 "$(folder 2.0.0)/.backend.env"'),
    undo: ({ on }) => on('web-1', 'chmod 600 "$(folder 2.0.0)/.backend.env"'),
    finds: [['I5', 'web-1', /^A secret stands in the file \/opt\/.*\/\.backend\.env$/]],
  },
  {
    name: 'a secret in the journal of a host',
    put: ({ on, secret }) => on('web-3', 'logger --tag planted; journalctl --sync', secret),
    undo: forgetJournals,
    finds: [['I5', 'web-3', /^A secret stands in the journal$/]],
  },
  {
    name: 'a secret in the command line of a host',
    put: ({ on, secret }) =>
      on(
        'db-1',
        'read -r value; systemd-run --quiet --collect --unit=planted --description=planted sh -c "sleep infinity; true" "$value"',
        `${secret}\n`,
      ),
    undo: ({ on }) =>
      on(
        'db-1',
        'systemctl stop planted.service; journalctl --quiet --rotate; journalctl --quiet --vacuum-size=1',
      ),
    finds: [['I5', 'db-1', /^A secret stands in the command line of a process$/]],
  },
];
