import type { Manifest } from '../domain/manifest.js';
import type { Dependencies } from './dependencies.js';
import { addressed, options, type OnHost } from './on-host.js';
import { withPulse } from './pulse.js';

/** Makes a composite release of releases that lie on the host already. Nothing that runs is touched. */
export async function compose(
  dependencies: Dependencies,
  call: OnHost & {
    readonly manifest: Manifest;
    readonly digest: string;
    /** Component → digest of the release on the host that it is taken from. */
    readonly sources: Readonly<Record<string, string>>;
    readonly timeoutSeconds: number;
  },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { target, request } = addressed(dependencies, call);
    const { manifest, digest, sources } = call;
    await dependencies.program.compose(
      target,
      { ...request, operation: 'compose', manifest, digest, sources },
      options(pulse, call.timeoutSeconds),
    );
  });
}
