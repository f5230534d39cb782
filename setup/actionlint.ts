import { join } from 'node:path';
import { execa } from 'execa';
import { findProgram } from '../src/dev/find-program.js';
import { cached } from './cache.js';
import { say } from './say.js';

const VERSION = '1.7.12';
const MODULE = 'github.com/rhysd/actionlint/cmd/actionlint';

/**
 * Path of actionlint, which checks GitHub's workflow files: built from its Go module once (half a minute, 9 MB), or the one
 * on the PATH where there is no Go. `undefined` when there is neither.
 */
export async function actionlint(): Promise<string | undefined> {
  const go = await findProgram('go', ['/usr/local/go/bin']);
  if (go === undefined) return findProgram('actionlint');
  const directory = await cached('actionlint', VERSION, async (scratch) => {
    say(`building actionlint ${VERSION} from its Go module, once`);
    // Pure Go, so that no C compiler is needed.
    await execa(go, ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@v${VERSION}`], {
      env: { CGO_ENABLED: '0', GOBIN: scratch },
    });
  });
  return join(directory, 'actionlint');
}
