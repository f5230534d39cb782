import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

/**
 * The code of the workflows that a file exports, as a worker's `workflowBundle`. `workflowsPath` is absolute and
 * names a `.ts` file (tests) or a compiled `.js` file. Bundled once a process for each path.
 */
export function bundleWorkflows(workflowsPath: string): Promise<WorkflowBundleWithSourceMap> {
  const known = bundles.get(workflowsPath);
  if (known) return known;
  // The bundler reports its size at INFO, which nobody asked for.
  const bundle = bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  bundles.set(workflowsPath, bundle);
  // A failed attempt must not stay: a watching developer mends the file and tries again.
  bundle.catch(() => bundles.delete(workflowsPath));
  return bundle;
}
