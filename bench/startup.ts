import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../setup/checkout.js';
import { figure, ratio } from './statistics.js';

const RUNS = 15;

/** Milliseconds until a Node process with these arguments has ended well. */
function took(...argv: string[]): number {
  const begun = performance.now();
  const { status } = spawnSync(process.execPath, argv, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return performance.now() - begun;
}

const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
// In turns, so that whatever else goes on here is the same for both.
const pairs = Array.from({ length: RUNS }, () => [took('--eval', '0'), took(cli, '--help')] as const);
const [node, help] = [figure(pairs.map(([alone]) => alone)), figure(pairs.map(([, ours]) => ours))];
const result = { cores: cpus().length, load: loadavg()[0], help, node, ratio: ratio(help, node) };
console.log(
  process.argv.includes('--json')
    ? JSON.stringify(result)
    : `safeguard --help   ${help.median} ms (${help.min}–${help.max}, ${RUNS} runs): ${result.ratio} × Node alone, ${node.median} ms (${node.min}–${node.max})`,
);
