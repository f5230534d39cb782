import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BUILT_IN, loadSmoke, testsOfLevel, trustedOf, type SmokeSuite } from '../../config/smoke.js';
import { withoutBody } from '../../domain/check.js';
import { SafeguardError } from '../../domain/errors.js';
import { EXIT_DIFFERS } from '../../domain/outcome.js';
import { isWell, type SmokeLevel } from '../../domain/smoke.js';
import type { GlobalOptions } from '../options.js';
import { beginReport, type Report } from '../smoke-report.js';
import type { Terminal } from '../terminal.js';
import { junit } from '../view/junit.js';
import { smokeLine, smokeSummary } from '../view/smoke.js';

/** Options of `safeguard smoke`. */
export interface SmokeOptions extends GlobalOptions {
  readonly file?: string;
  readonly level: SmokeLevel;
  readonly timeout?: number;
  readonly retries?: number;
  /** Values of placeholders, by name. */
  readonly var?: Readonly<Record<string, string>>;
  readonly junit?: string;
}

const FILE = 'smoke.yaml';

function suiteOf({ file, var: given = {} }: SmokeOptions): SmokeSuite {
  if (file !== undefined) return loadSmoke(resolve(file), given);
  return existsSync(FILE) ? loadSmoke(resolve(FILE), given) : BUILT_IN;
}

/** `safeguard smoke`: asks a running application whether it works. Needs neither Temporal nor a deployment of ours. */
export async function smoke(terminal: Terminal, base: URL, options: SmokeOptions): Promise<number> {
  if (base.username !== '' || base.password !== '')
    // It would stand in process lists and in the output of CI.
    throw new SafeguardError(
      'REQUEST_INVALID',
      'A login does not belong into the URL: use secrets of smoke.yaml.',
    );
  const suite = suiteOf(options);
  const tests = testsOfLevel(suite, options.level);
  const ca = trustedOf(suite);
  const report: Report | null = options.junit === undefined ? null : beginReport(options.junit);
  const [{ smoke: carryOut }, { readSecret }] = await Promise.all([
    import('../../checks/smoke.js'),
    import('../../adapters/secrets.js'),
  ]);
  const secrets = Object.fromEntries(
    Object.entries(suite.secrets).map(([name, reference]) => [
      name,
      readSecret(reference, `secrets.${name}`),
    ]),
  );
  const width = Math.max(...tests.map(({ name }) => name.length));
  const started = performance.now();
  const asked = await carryOut({
    base,
    tests,
    secrets,
    ca,
    patience: {
      attempts: 1 + (options.retries ?? suite.retries),
      intervalMs: suite.intervalSeconds * 1000,
    },
    timeoutMs: (options.timeout ?? suite.timeoutSeconds) * 1000,
    signal: new AbortController().signal,
    ...(options.json ? {} : { onResult: (one) => terminal.out(smokeLine(one, width, terminal.colour)) }),
  });
  const results = asked.map(withoutBody);
  const durationMs = Math.round(performance.now() - started);
  report?.write(junit(base.href, results, durationMs));
  const healthy = isWell(results);
  const found = { url: base.href, level: options.level, healthy, durationMs, results };
  terminal.out(options.json ? JSON.stringify(found) : smokeSummary(found, terminal.colour));
  return healthy ? 0 : EXIT_DIFFERS;
}
