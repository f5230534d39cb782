import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { captureAll } from '../../src/activities/capture.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { RecordStore } from '../../src/adapters/record-store.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';
import type { ReleaseRef } from '../../src/domain/manifest.js';

const OLD: ReleaseRef = { version: '1.0.0', digest: 'a'.repeat(64) };
const WHERE = { application: 'campus', environment: 'test', deploymentId: '20260101-120000-abcdef' };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-capture-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What was seen of a host, as far as a capture looks at it. */
function holding(...digests: string[]): HostInspection {
  return { releases: digests.map((digest) => ({ digest })) } as unknown as HostInspection;
}

/** Captures two hosts that hold these releases, as an activity of the run `grantedTo`, or of another one. */
function capture(
  web1: HostInspection,
  web2: HostInspection,
  over: { readonly from?: ReleaseRef | null; readonly reset?: boolean } = {},
): Promise<void> {
  const activity = new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });
  const { workflowExecution } = activity.context.info;
  const dependencies = { records: new RecordStore(directory) } as unknown as Dependencies;
  return activity.run(() =>
    captureAll(dependencies, {
      ...WHERE,
      from: over.from === undefined ? OLD : over.from,
      inspected: [
        ['web-1', web1],
        ['web-2', web2],
      ],
      grantedTo: over.reset === true ? 'another run' : workflowExecution?.runId,
    }),
  );
}

const PLACE = ['campus', 'test', 'runs', WHERE.deploymentId];

async function kept(): Promise<string[]> {
  return (await readdir(join(directory, ...PLACE)).catch(() => [])).sort();
}

test('what was seen of each host is kept', async () => {
  const seen = holding(OLD.digest, 'b'.repeat(64));
  await capture(seen, seen);
  expect(await kept()).toEqual(['capture-web-1.json', 'capture-web-2.json']);
  const text = await readFile(join(directory, ...PLACE, 'capture-web-2.json'), 'utf8');
  expect(JSON.parse(text)).toEqual(seen);
});

test('a host that lacks the committed release is named, and nothing is kept', async () => {
  await expect(capture(holding(OLD.digest), holding('b'.repeat(64)))).rejects.toMatchObject({
    code: 'HOST_NOT_AS_COMMITTED',
    message: 'web-2 does not hold 1.0.0, so it could not be brought back to it.',
  });
  expect(await kept()).toEqual([]);
});

test('where nothing was committed, hosts need hold nothing', async () => {
  await capture(holding(), holding(), { from: null });
  expect(await kept()).toHaveLength(2);
});

test('a run that was reset captures nothing', async () => {
  const seen = holding(OLD.digest);
  await expect(capture(seen, seen, { reset: true })).rejects.toMatchObject({ code: 'RUN_WAS_RESET' });
  expect(await kept()).toEqual([]);
});
