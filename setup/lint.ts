import { execa } from 'execa';
import { checkoutRoot } from './checkout.js';

/** What is linted, as a person would type it. */
const LINTERS: readonly (readonly string[])[] = [
  ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
  ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'],
  ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
];

let failed = 0;
for (const [program = '', ...args] of LINTERS) {
  const { exitCode } = await execa(process.execPath, [program, ...args], {
    cwd: checkoutRoot(),
    stdio: 'inherit',
    reject: false,
  });
  if (exitCode !== 0) failed += 1;
  console.log(`${exitCode === 0 ? 'ok  ' : 'FAIL'} ${program.split('/')[1] ?? program}`);
}
process.exitCode = failed === 0 ? 0 : 1;
