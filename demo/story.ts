import Table from 'cli-table3';
import { execa } from 'execa';
import type { Lab } from '../lab/lab.js';
import type { Campus } from './campus.js';
import { safeguardCommand } from './safeguard.js';

interface Chapter {
  readonly version: string;
  readonly title: string;
  /** Exit status of `safeguard deploy`: 0 serves, 3 rolled back. */
  readonly expected: number;
}

const CHAPTERS: readonly Chapter[] = [
  { version: '1.0.0', title: 'a first release, with the first migration', expected: 0 },
  { version: '2.0.0', title: 'the next one, with a migration', expected: 0 },
  { version: '3.0.0', title: 'one that never becomes healthy: rolled back', expected: 3 },
];

interface Told extends Chapter {
  readonly exitCode: number;
  readonly seconds: number;
  readonly served: string;
}

/** What every web host serves, asked on the hosts themselves, with nothing of ours. */
async function served(lab: Lab): Promise<string> {
  const web = lab.hosts.filter((host) => host.role === 'web');
  const versions = await Promise.all(
    web.map(async (host) => {
      const { stdout } = await lab.run(host.name, [
        'curl',
        '-s',
        '-m',
        '5',
        'http://127.0.0.1:8080/actuator/info',
      ]);
      return `${host.name} ${/"version":\s*"([^"]+)"/.exec(stdout)?.[1] ?? 'nothing'}`;
    }),
  );
  return versions.join('\n');
}

async function tell(lab: Lab, campus: Campus, chapter: Chapter): Promise<Told> {
  console.log(`\n$ safeguard deploy production --version ${chapter.version} --follow    # ${chapter.title}`);
  const started = Date.now();
  const [program, ...args] = safeguardCommand(lab, campus, [
    'deploy',
    'production',
    '--version',
    chapter.version,
    '--follow',
  ]);
  const { exitCode = 1 } = await execa(program, args, { stdio: 'inherit', reject: false });
  return { ...chapter, exitCode, seconds: (Date.now() - started) / 1000, served: await served(lab) };
}

/**
 * Deploys the three releases one after the other and prints what happened.
 * @throws Error when a chapter ended otherwise than it should
 */
export async function tellStory(lab: Lab, campus: Campus): Promise<void> {
  const told: Told[] = [];
  for (const chapter of CHAPTERS) told.push(await tell(lab, campus, chapter));
  const table = new Table({
    head: ['release', 'what it is', 'exit', 'took', 'the hosts serve'],
    style: { head: [], border: [] },
  });
  for (const { version, title, exitCode, seconds, served: hosts } of told) {
    table.push([version, title, exitCode, `${seconds.toFixed(1)} s`, hosts]);
  }
  console.log(`\n${table.toString()}`);
  const wrong = told.find(({ exitCode, expected }) => exitCode !== expected);
  if (wrong) throw new Error(`${wrong.version} ended with ${wrong.exitCode}, expected ${wrong.expected}.`);
}
