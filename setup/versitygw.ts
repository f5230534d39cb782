import { join } from 'node:path';
import { execa } from 'execa';
import { findProgram } from '../src/dev/find-program.js';
import { cached } from './cache.js';
import { say } from './say.js';

const VERSION = '1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';

/** True where there is a versitygw, or the Go to build it with. */
export async function canServeS3(): Promise<boolean> {
  const found = await Promise.all([findProgram('go', ['/usr/local/go/bin']), findProgram('versitygw')]);
  return found.some((program) => program !== undefined);
}

/**
 * Path of Versity's S3 gateway, an S3 server over a directory, for tests: built from its Go module once (a minute and a half, 80 MB), or
 * the one on the PATH where there is no Go. Throws when there is neither.
 */
export async function versitygw(): Promise<string> {
  const go = await findProgram('go', ['/usr/local/go/bin']);
  if (go === undefined) {
    const installed = await findProgram('versitygw');
    if (installed !== undefined) return installed;
    throw new Error('Tests of S3 need Go to build versitygw with, or versitygw itself on the PATH.');
  }
  const directory = await cached('versitygw', VERSION, async (scratch) => {
    say(`building versitygw ${VERSION} from its Go module (a minute and a half, once)`);
    // Pure Go, so that no C compiler is needed.
    await execa(go, ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@v${VERSION}`], {
      env: { CGO_ENABLED: '0', GOBIN: scratch },
    });
  });
  return join(directory, 'versitygw');
}
