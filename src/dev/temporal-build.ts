import { join } from 'node:path';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import { say } from '../../setup/say.js';
import { SafeguardError } from '../domain/errors.js';
import { findProgram } from '../adapters/find-program.js';

import { TEMPORAL_CLI_VERSION } from './temporal-version.js';

/** Where Go's own installer puts it, which is not always on the PATH of a service or of sudo. */
const GO_DIRECTORIES = ['/usr/local/go/bin'];

/** Arguments of `go` for a small executable at `output`; the version itself is pinned in setup/temporal-cli/go.mod. */
export function buildArguments(output: string): string[] {
  return [
    'build',
    '-trimpath',
    `-ldflags=-s -w -X github.com/temporalio/cli/temporalcli.Version=${TEMPORAL_CLI_VERSION}`,
    '-o',
    output,
    'github.com/temporalio/cli/cmd/temporal',
  ];
}

/**
 * Builds the Temporal CLI from its Go module into `<directory>/temporal`. Needs Go and the Go module proxy,
 * about three minutes on two cores and 2 GB below Go's own caches. Throws TEMPORAL_NOT_FOUND without Go.
 */
export async function buildTemporal(directory: string): Promise<void> {
  const go = await findProgram('go', GO_DIRECTORIES);
  if (go === undefined) {
    throw new SafeguardError(
      'TEMPORAL_NOT_FOUND',
      'Go is not installed (looked on the PATH and in /usr/local/go/bin). Install Go 1.24 or newer, or the Temporal CLI itself.',
    );
  }
  say('building the Temporal CLI from its Go module; this takes about three minutes, once');
  await execa(go, buildArguments(join(directory, 'temporal')), {
    cwd: join(checkoutRoot(), 'setup', 'temporal-cli'),
    // Pure Go, so that no C compiler is needed.
    env: { CGO_ENABLED: '0' },
    stderr: ['pipe', 'inherit'],
  });
}
