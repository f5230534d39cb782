import { canHaveGoTool, goTool, type GoTool } from './go-tool.js';

const TOOL: GoTool = {
  name: 'versitygw',
  version: '1.8.0',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  takes: 'a minute and a half, 80 MB',
};

/** True where there is a versitygw, or the Go to build it with. */
export function canServeS3(): Promise<boolean> {
  return canHaveGoTool(TOOL);
}

/**
 * Path of Versity's S3 gateway, an S3 server over a directory, for tests.
 * @throws Error when there is neither Go nor the program itself
 */
export async function versitygw(): Promise<string> {
  const program = await goTool(TOOL);
  if (program !== undefined) return program;
  throw new Error('Tests of S3 need Go to build versitygw with, or versitygw itself on the PATH.');
}
