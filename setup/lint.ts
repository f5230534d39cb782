import { runLinter, type LintResult, type Linter } from './linter.js';
import { LINTERS } from './linters.js';

/** As many at once as there are processors on the smallest machine that this runs on. */
const AT_ONCE = 2;

function tell({ name, verdict, seconds, output }: LintResult): void {
  const isQuiet = verdict === 'ok' || output === '';
  if (!isQuiet) console.log(`\n${output}`);
  console.log(`${verdict.padEnd(7)} ${name} (${seconds.toFixed(1)} s)`);
}

async function runAll(linters: readonly Linter[]): Promise<LintResult[]> {
  const waiting = [...linters];
  const results: LintResult[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await runLinter(next);
      tell(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

const results = await runAll(LINTERS);
const named = (verdict: LintResult['verdict']): string[] =>
  results.filter((result) => result.verdict === verdict).map(({ name }) => name);
const failed = named('FAIL');
const skipped = named('SKIPPED');
if (skipped.length > 0)
  console.log(`\n!!! NOT CHECKED: ${skipped.join(', ')}. See above for what is missing.`);
console.log(failed.length === 0 ? '\nlint: clean' : `\nlint: ${failed.join(', ')} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
