import { existsSync, readdirSync, statSync } from 'node:fs';
import { rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleOption, WorkflowBundleWithSourceMap } from '@temporalio/worker';

/** This product's own code: `src/` in tests, `dist/src/` otherwise. */
const tree = fileURLToPath(new URL('..', import.meta.url));
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const workflowsPath = join(tree, 'workflows', `index${extension}`);
/** Made by the build, from compiled code; tests take it too. */
const prebuilt = fileURLToPath(
  new URL(
    extension === '.ts' ? '../../dist/src/workflows.bundle.js' : '../workflows.bundle.js',
    import.meta.url,
  ),
);

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

/**
 * The code of the workflows that a file exports, as a worker's `workflowBundle`. `path` is absolute and names a `.ts` file (tests) or
 * a compiled `.js` file. Bundled once a process for each path, which takes seconds of processor time.
 */
export function bundleWorkflows(path: string): Promise<WorkflowBundleWithSourceMap> {
  const known = bundles.get(path);
  if (known) return known;
  const bundle = bundled(path);
  bundles.set(path, bundle);
  // A failed attempt must not stay: a watching developer mends the file and tries again.
  bundle.catch(() => bundles.delete(path));
  return bundle;
}

async function bundled(path: string): Promise<WorkflowBundleWithSourceMap> {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  // The bundler reports its size at INFO, which nobody asked for.
  return bundleWorkflowCode({ workflowsPath: path, logger: new DefaultLogger('WARN') });
}

/** This product's workflows, as a worker's `workflowBundle`: what the build has made, unless code has changed since. */
export async function ownWorkflows(): Promise<WorkflowBundleOption> {
  return isCurrent() ? { codePath: prebuilt } : bundleWorkflows(workflowsPath);
}

/** Makes what `ownWorkflows` finds; when it is there and current, only its time is that of this build. */
export async function prebuildWorkflows(): Promise<void> {
  const now = new Date();
  if (isCurrent()) return utimes(prebuilt, now, now);
  const { code } = await bundleWorkflows(workflowsPath);
  // Whole or not at all: a worker may start meanwhile.
  const scratch = `${prebuilt}.${process.pid}`;
  await writeFile(scratch, code);
  await rename(scratch, prebuilt);
}

function isCurrent(): boolean {
  if (!existsSync(prebuilt)) return false;
  const { mtimeMs } = statSync(prebuilt);
  return readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension) && !file.startsWith('workflows.bundle.'))
    .every((file) => statSync(join(tree, file)).mtimeMs <= mtimeMs);
}
