import { basename, join } from 'node:path';
import { execa } from 'execa';
import { findProgram } from '../src/adapters/find-program.js';
import { cached } from './cache.js';
import { say } from './say.js';

/** A program that comes as a Go module. */
export interface GoTool {
  /** Its name in the cache, and on the PATH. */
  readonly name: string;
  readonly version: string;
  /** Path of its main package. */
  readonly package: string;
  /** What building it costs, for people. */
  readonly takes: string;
}

async function findGo(): Promise<string | undefined> {
  return findProgram('go', ['/usr/local/go/bin']);
}

/** True where there is the tool, or the Go to build it with. */
export async function canHaveGoTool({ name }: GoTool): Promise<boolean> {
  return ((await findGo()) ?? (await findProgram(name))) !== undefined;
}

/** Path of the tool: built from its Go module once, or the one on the PATH where there is no Go; `undefined` when there is neither. */
export async function goTool(tool: GoTool): Promise<string | undefined> {
  const go = await findGo();
  if (go === undefined) return findProgram(tool.name);
  const directory = await cached(tool.name, tool.version, async (scratch) => {
    say(`building ${tool.name} ${tool.version} from its Go module (${tool.takes}, once)`);
    // Pure Go, so that no C compiler is needed.
    await execa(go, ['install', '-trimpath', '-ldflags=-s -w', `${tool.package}@v${tool.version}`], {
      env: { CGO_ENABLED: '0', GOBIN: scratch },
    });
  });
  return join(directory, basename(tool.package));
}
