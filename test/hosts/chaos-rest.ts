import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { execa } from 'execa';
import type { AcceptedRun, BuiltRelease, HostDoor, Rest } from '../../chaos/checker/types.js';
import { initPid } from '../../lab/guest.js';
import type { CampusLab } from './campus-lab.js';

async function hashes(archive: string): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-built-'));
  try {
    await execa('tar', ['--extract', '--gzip', '--file', archive, '--directory', directory]);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const all = files.map(async (file) => {
      const sha256 = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      return [relative(directory, file), sha256] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A release that was built for this lab, as the checker wants to know it. */
async function built({ directory }: CampusLab, version: string): Promise<BuiltRelease> {
  const release = join(directory, 'releases', version);
  const description = JSON.parse(await readFile(join(release, 'release.json'), 'utf8')) as {
    schema: { tolerates: { min: string; max: string } };
  };
  const [backend, frontend] = await Promise.all(
    ['backend', 'frontend'].map((name) => hashes(join(release, `${name}.tar.gz`))),
  );
  return { version, backend: backend ?? {}, frontend: frontend ?? {}, schema: description.schema.tolerates };
}

function door({ lab }: CampusLab, { name, address, role }: Omit<HostDoor, 'init'>): HostDoor {
  const init = async (): Promise<number> => {
    const pid = await initPid(lab.name, name);
    if (pid === undefined) throw new Error(`${name} is off`);
    return pid;
  };
  return { name, address, role, init };
}

interface Runs {
  readonly runs: AcceptedRun[];
  readonly running: string[];
  readonly histories: Map<string, string>;
}

async function runsOf({ client }: CampusLab): Promise<Runs> {
  const all: Runs = { runs: [], running: [], histories: new Map() };
  for await (const { workflowId, status } of client.workflow.list()) {
    all.histories.set(workflowId, historyText(await client.workflow.getHandle(workflowId).fetchHistory()));
    const [, version = '', deploymentId = ''] =
      /^deployment\/[^/]+\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? [];
    if (version !== '') all.runs.push({ deploymentId, workflowId, version, status: status.name });
    else if (status.name === 'RUNNING' && !workflowId.startsWith('environment/'))
      all.running.push(workflowId);
  }
  all.runs.sort((a, b) => a.deploymentId.localeCompare(b.deploymentId));
  return all;
}

function historyText(history: Parameters<typeof historyToJSON>[0]): string {
  return JSON.stringify(historyToJSON(history));
}

/** All that the checker is told of a lab on which nothing goes on any more. */
export async function restOf(
  campus: CampusLab,
  versions: readonly string[],
  told: Pick<Rest, 'acknowledged' | 'secrets' | 'since'>,
): Promise<Rest> {
  return {
    application: 'campus',
    environment: 'production',
    hosts: campus.lab.hosts.map((host) => door(campus, host)),
    releases: await Promise.all(versions.map((version) => built(campus, version))),
    ...(await runsOf(campus)),
    records: join(campus.directory, 'records'),
    directories: [campus.directory],
    commandLines: [],
    ...told,
  };
}
