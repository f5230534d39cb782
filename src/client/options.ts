import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { loadConfig, type Config } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import { oneLine } from './one-line.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const FILE = 'safeguard.yaml';

/** Longest path of a file that Linux takes. */
export const PATH_LIMIT = 4096;

function searchUpwards(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = join(folder, FILE);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) break;
  }
  throw new SafeguardError(
    'CONFIG_INVALID',
    `There is no ${FILE} in ${resolve(from)} or above it. Name one with --config.`,
  );
}

/**
 * The configuration that the options name, or the nearest `safeguard.yaml` from `from` upwards.
 * @throws SafeguardError CONFIG_INVALID, REQUEST_INVALID
 */
export function configuration(options: Pick<GlobalOptions, 'config'>, from: string = process.cwd()): Config {
  if (options.config !== undefined) oneLine('--config', options.config, PATH_LIMIT);
  return loadConfig(options.config ?? searchUpwards(from));
}

/**
 * Who acts, as far as this machine can tell: `--by`, GitHub's actor, or user@host. Nothing proves it.
 * @throws SafeguardError REQUEST_INVALID
 */
export function actor(by?: string): string {
  if (by !== undefined) return oneLine('--by', by);
  const github = process.env['GITHUB_ACTOR'];
  if (github !== undefined && github !== '') return oneLine('GITHUB_ACTOR', github);
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
